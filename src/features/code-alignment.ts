/** One numbering for the codes of several networks. */
import { UsageError } from "../domain/errors.ts";

/**
 * Numbers the codes of one codebook as those of another: the one-to-one assignment with the least sum of squared distances between
 * the vectors, by shortest augmenting paths (Kuhn 1955, Nav Res Logist Q 2:83; Jonker & Volgenant 1987, Computing 38:325).
 *
 * Networks of the folds begin alike, but which code stands for what is left to each training; without a common numbering, columns of a
 * histogram would mean something else in each fold.
 *
 * @param codebook, reference [codes, dimensions].
 * @returns for each code of `codebook` the number of its partner in `reference`.
 * @throws {UsageError} `codebooks-differ` for codebooks of different size.
 */
export function alignCodes(codebook: Float32Array, reference: Float32Array, dimensions: number): Int32Array {
  const codes = codebook.length / dimensions;
  if (codebook.length !== reference.length || !Number.isInteger(codes) || codes === 0) {
    throw new UsageError("codebooks-differ", {
      found: `codebooks of ${codebook.length} and ${reference.length} numbers`,
      expected: `the same whole number of vectors of ${dimensions}`,
    });
  }
  const cost = (code: number, partner: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      sum += (codebook[code * dimensions + d] - reference[partner * dimensions + d]) ** 2;
    }
    return sum;
  };
  return assign(codes, cost);
}

/** The column of each row in the assignment of least total cost. */
function assign(size: number, cost: (row: number, column: number) => number): Int32Array {
  // Column 0 stands for "no column yet"; rows and columns count from 1.
  const rowPrice = new Float64Array(size + 1);
  const columnPrice = new Float64Array(size + 1);
  const rowOf = new Int32Array(size + 1);
  const before = new Int32Array(size + 1);
  for (let row = 1; row <= size; row++) {
    const least = new Float64Array(size + 1).fill(Infinity);
    const settled = new Uint8Array(size + 1);
    let column = 0;
    rowOf[0] = row;
    while (rowOf[column] !== 0) {
      settled[column] = 1;
      const current = rowOf[column];
      let step = Infinity;
      let next = 0;
      for (let other = 1; other <= size; other++) {
        if (settled[other] === 1) continue;
        const reduced = cost(current - 1, other - 1) - rowPrice[current] - columnPrice[other];
        if (reduced < least[other]) {
          least[other] = reduced;
          before[other] = column;
        }
        if (least[other] < step) {
          step = least[other];
          next = other;
        }
      }
      for (let other = 0; other <= size; other++) {
        if (settled[other] === 1) {
          rowPrice[rowOf[other]] += step;
          columnPrice[other] -= step;
        } else least[other] -= step;
      }
      column = next;
    }
    while (column !== 0) {
      rowOf[column] = rowOf[before[column]];
      column = before[column];
    }
  }
  const columns = new Int32Array(size);
  for (let column = 1; column <= size; column++) columns[rowOf[column] - 1] = column - 1;
  return columns;
}
