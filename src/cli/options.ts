/** Option values that several commands share. */
import { InvalidArgumentError } from "commander";

/** A whole number from `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`"${text}" is not a whole number from ${least}.`);
    }
    return value;
  };
}

/** A finite number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

/** Names separated by commas. */
export function nameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new InvalidArgumentError(`"${text}" has an empty name.`);
  return names;
}

/** Names separated by commas, of those that are known, each at most once. */
export function namesAmong<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) => {
    const names = nameList(text);
    const wrong = names.find(
      (name, i) => !known.some((other) => other === name) || names.indexOf(name) !== i,
    );
    if (wrong === undefined) return names as Name[];
    throw new InvalidArgumentError(`"${wrong}" is not one of ${known.join(", ")}, each at most once.`);
  };
}

/** A number above 0 and at most 1. */
export function fraction(text: string): number {
  const value = finiteNumber(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError(`"${text}" is not above 0 and at most 1.`);
  return value;
}

/** Three numbers above 0 separated by commas: (slice, row, column). */
export function numberTriple(text: string): [number, number, number] {
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [slice, row, column] = numbers;
  if (numbers.length === 3 && numbers.every((number) => Number.isFinite(number) && number > 0)) {
    return [slice, row, column];
  }
  throw new InvalidArgumentError(`"${text}" is not three numbers above 0, as in 48,64,48.`);
}

/** Seconds from 0 on, strictly increasing, separated by commas. */
export function secondsList(text: string): number[] {
  const seconds = text.split(",").map(finiteNumber);
  if (seconds.every((value, i) => (i === 0 ? value === 0 : value > seconds[i - 1]))) return seconds;
  throw new InvalidArgumentError(`"${text}" does not rise strictly from 0.`);
}
