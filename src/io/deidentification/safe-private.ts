/** Private attributes that hold numbers which reading an image needs (compare PS3.15, table E.3.10-1), by group, creator and element. */

interface SafePrivate {
  readonly group: number;
  readonly creator: string;
  /** Last two digits of the element. */
  readonly elements: readonly number[];
  readonly what: string;
}

const SAFE: readonly SafePrivate[] = [
  { group: 0x0019, creator: "SIEMENS MR HEADER", elements: [0x0a], what: "number of images in a mosaic" },
  {
    group: 0x0019,
    creator: "SIEMENS MR HEADER",
    elements: [0x0c, 0x0d, 0x0e, 0x27],
    what: "diffusion weighting",
  },
  { group: 0x0043, creator: "GEMS_PARM_01", elements: [0x39], what: "diffusion weighting" },
  { group: 0x2001, creator: "Philips Imaging DD 001", elements: [0x03, 0x04], what: "diffusion weighting" },
  {
    group: 0x2005,
    creator: "Philips MR Imaging DD 001",
    elements: [0x0d, 0x0e],
    what: "scale intercept and slope",
  },
  {
    group: 0x2005,
    creator: "Philips MR Imaging DD 005",
    elements: [0x09, 0x0a],
    what: "rescale of the modality",
  },
];

/** Whether an attribute may stay, or, without an element, whether any of its creator may. */
export function isSafePrivate(group: number, creator: string, element: number | undefined): boolean {
  return SAFE.some(
    (safe) =>
      safe.group === group &&
      safe.creator === creator &&
      (element === undefined || safe.elements.includes(element)),
  );
}
