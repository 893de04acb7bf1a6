/** Errors of graphs that are built or transformed wrongly. */

export type GraphErrorCode =
  | "graph-shape"
  | "graph-dtype"
  | "graph-operands"
  | "graph-name"
  | "graph-foreign-value"
  | "graph-invalid"
  | "graph-not-differentiable";

/** A mistake in a program that builds graphs, never in data. The message says what was found and expected. */
export class GraphError extends Error {
  readonly code: GraphErrorCode;

  constructor(code: GraphErrorCode, message: string) {
    super(message);
    this.name = "GraphError";
    this.code = code;
  }
}
