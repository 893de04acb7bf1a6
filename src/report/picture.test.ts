import { decode } from "fast-png";
import { expect, test } from "vitest";
import { WorkError } from "../domain/errors.ts";
import { pngAddress } from "./picture.ts";

function pixels(address: string) {
  const [head, base64] = address.split(",");
  expect(head).toBe("data:image/png;base64");
  return decode(Buffer.from(base64, "base64"));
}

test("an opaque raster comes back without its alpha channel", () => {
  const data = Uint8ClampedArray.from([1, 2, 3, 255, 4, 5, 6, 255]);
  const picture = pixels(pngAddress({ width: 2, height: 1, data }));
  expect(picture).toMatchObject({ width: 2, height: 1, channels: 3 });
  expect([...picture.data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a raster with transparent pixels keeps them", () => {
  const data = Uint8ClampedArray.from([1, 2, 3, 255, 4, 5, 6, 0]);
  expect([...pixels(pngAddress({ width: 1, height: 2, data })).data]).toEqual([...data]);
});

test("a raster of another size than its pixels is refused", () => {
  expect(() => pngAddress({ width: 2, height: 2, data: new Uint8Array(12) })).toThrow(WorkError);
  expect(() => pngAddress({ width: 0, height: 0, data: new Uint8Array(0) })).toThrow(WorkError);
});
