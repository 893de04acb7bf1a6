/** The part of dcmjs, which has no types of its own, that the fuzzer compares with. */
declare module "dcmjs" {
  interface ParsedElement {
    readonly Value?: readonly unknown[];
  }
  const dcmjs: {
    readonly log: { setLevel(level: "silent"): void };
    readonly data: {
      readonly DicomMessage: {
        readFile(bytes: ArrayBuffer): { readonly dict: Readonly<Record<string, ParsedElement | undefined>> };
      };
    };
  };
  export default dcmjs;
}
