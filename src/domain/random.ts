/**
 * Randomness as an argument. A key is split by naming what it is for, so that the numbers a part draws do not
 * depend on the order in which parts run.
 */

/** 128 bits that name a stream of random numbers. */
export type RandomKey = readonly [number, number, number, number];

/** The key of a seed (any safe integer). */
export function randomKey(seed: number): RandomKey {
  return absorb([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef], String(seed));
}

/** A key for one purpose below another key: `deriveKey(key, "fold", 3, "augmentation")`. */
export function deriveKey(key: RandomKey, ...path: readonly (string | number)[]): RandomKey {
  return path.reduce<RandomKey>((parent, part) => absorb(parent, `${typeof part}:${part}`), key);
}

/** Mixes a string into 128 bits of state with the MurmurHash3 multipliers and finaliser (Appleby 2008). */
function absorb(state: RandomKey, text: string): RandomKey {
  let [a, b, c, d] = state;
  for (let i = 0; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : 0x10000 + text.length;
    a = b ^ Math.imul(a ^ unit, 0x239b961b);
    b = c ^ Math.imul(b ^ unit, 0xab0e9789);
    c = d ^ Math.imul(c ^ unit, 0x38b34ae5);
    d = a ^ Math.imul(d ^ unit, 0xa1e38b93);
  }
  return [finalise(a ^ d), finalise(b ^ a), finalise(c ^ b), finalise(d ^ c)];
}

function finalise(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Random numbers drawn in turn from one key (sfc32, C. Doty-Humphrey's PractRand). */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;
  #spareNormal: number | undefined;

  constructor(key: RandomKey) {
    [this.#a, this.#b, this.#c, this.#counter] = key;
    for (let i = 0; i < 15; i++) this.uint32();
  }

  /** A whole number in [0, 2³²). */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const unit = ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
    return low + (high - low) * unit;
  }

  /** A whole number in [0, below), without modulo bias. */
  integer(below: number): number {
    if (!(Number.isInteger(below) && below > 0 && below <= 2 ** 32))
      throw new RangeError(`integer(${below})`);
    const limit = 2 ** 32 - (2 ** 32 % below);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % below;
  }

  /** True with the given probability. */
  bernoulli(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A normal number (Marsaglia's polar method). */
  normal(mean = 0, standardDeviation = 1): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return mean + standardDeviation * spare;
    }
    let u: number;
    let v: number;
    let s: number;
    do {
      u = this.uniform(-1, 1);
      v = this.uniform(-1, 1);
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * Math.log(s)) / s);
    this.#spareNormal = v * scale;
    return mean + standardDeviation * u * scale;
  }

  /** One of the items; each is as likely as the others. */
  choice<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }

  /** The items in a random order (Fisher–Yates), leaving the argument as it is. */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
