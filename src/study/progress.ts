/** How long work tells the outside how far it is. The console shows it; a library caller may ignore it. */

export interface ProgressTask {
  /** `detail` is a few words on the state, e.g. a loss. */
  advance(count?: number, detail?: string): void;
  done(summary?: string): void;
}

export interface Progress {
  /** Opens a task of `total` equal steps, of which `before` were done at another time. */
  begin(name: string, total: number, before?: number): ProgressTask;
  /** One line worth reading: a choice made, a stage taken from the cache. */
  note(message: string): void;
}

/** Says nothing. */
export const SILENT: Progress = {
  begin: () => ({ advance() {}, done() {} }),
  note() {},
};
