/**
 * The thread that holds one ONNX Runtime session and its state. The runtime's own `run` blocks the thread that calls it, so
 * that it may not be called on the event loop. Messages are answered in order.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DType, Shape } from "../../graph/primitives.ts";
import type { TensorData } from "../engine.ts";

export interface SessionSetup {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly options: InferenceSession.SessionOptions;
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;
  readonly states: Readonly<Record<string, Shape>>;
  /** ONNX values by output and by updated state; see `RunnableModel`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly updates: Readonly<Record<string, string>>;
  /** One number in shared memory, not 0 once the session is given up: requests that wait are then passed over. */
  readonly closed: Int32Array<SharedArrayBuffer>;
}

type Arrays = Record<string, Float32Array<ArrayBuffer>>;

/** What each request carries and what answers it. */
export interface SessionCalls {
  setState: { readonly request: ReadonlyMap<string, Float32Array>; readonly reply: undefined };
  getState: { readonly request: undefined; readonly reply: Arrays };
  run: { readonly request: Readonly<Record<string, TensorData>>; readonly reply: Arrays };
  dispose: { readonly request: undefined; readonly reply: undefined };
}

export interface SessionRequest<K extends keyof SessionCalls = keyof SessionCalls> {
  readonly id: number;
  readonly kind: K;
  readonly payload: SessionCalls[K]["request"];
}

export type SessionReply =
  | { readonly id: number; readonly value: Arrays | undefined }
  | { readonly id: number; readonly error: string };

const ELEMENT_NAME = { f32: "float32", i32: "int32" } as const;

class SessionHolder {
  readonly #setup: SessionSetup;
  readonly #session: InferenceSession;
  /** Current value of each state. */
  readonly #state = new Map<string, Tensor>();
  /** Where the next value of each updated state is written; it changes places with the current one at each run. */
  readonly #next = new Map<string, Tensor>();

  constructor(setup: SessionSetup, session: InferenceSession) {
    this.#setup = setup;
    this.#session = session;
    for (const [name, shape] of Object.entries(setup.states)) {
      const length = shape.reduce((product, size) => product * size, 1);
      this.#state.set(name, new Tensor("float32", new Float32Array(length), shape));
      if (name in setup.updates) this.#next.set(name, new Tensor("float32", new Float32Array(length), shape));
    }
  }

  async setState(values: ReadonlyMap<string, Float32Array>): Promise<undefined> {
    for (const [name, value] of values) ((this.#state.get(name) as Tensor).data as Float32Array).set(value);
  }

  async getState(): Promise<Arrays> {
    return Object.fromEntries(
      [...this.#state].map(([name, tensor]) => [name, new Float32Array(tensor.data as Float32Array)]),
    );
  }

  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Arrays> {
    const { outputs, updates } = this.#setup;
    const feeds: Record<string, Tensor> = Object.fromEntries(this.#state);
    for (const [name, { shape, dtype }] of Object.entries(this.#setup.inputs)) {
      const data = inputs[name];
      feeds[name] = new Tensor(ELEMENT_NAME[dtype], data, shape) as Tensor;
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const value of Object.values(outputs)) fetches[value] = null;
    for (const [state, value] of Object.entries(updates)) fetches[value] = this.#next.get(state) as Tensor;
    const results = await this.#session.run(feeds, fetches);
    for (const state of Object.keys(updates)) {
      const current = this.#state.get(state) as Tensor;
      this.#state.set(state, this.#next.get(state) as Tensor);
      this.#next.set(state, current);
    }
    return Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [
        name,
        results[value].data as Float32Array<ArrayBuffer>,
      ]),
    );
  }

  async dispose(): Promise<undefined> {
    await this.#session.release();
  }
}

async function start(port: MessagePort, setup: SessionSetup): Promise<void> {
  const holder = new SessionHolder(setup, await InferenceSession.create(setup.model, setup.options));
  const answers: {
    [K in keyof SessionCalls]: (payload: SessionCalls[K]["request"]) => Promise<Arrays | undefined>;
  } = {
    setState: (values) => holder.setState(values),
    getState: () => holder.getState(),
    run: (inputs) => holder.run(inputs),
    dispose: () => holder.dispose(),
  };
  const reply = (message: SessionReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let last: Promise<void> = Promise.resolve();
  port.on("message", ({ id, kind, payload }: SessionRequest) => {
    const answer = answers[kind] as (payload: unknown) => Promise<Arrays | undefined>;
    last = last
      .then(() => {
        if (kind !== "dispose" && Atomics.load(setup.closed, 0) !== 0) throw new Error("closed");
        return answer(payload);
      })
      .then((value) =>
        reply(
          { id, value },
          Object.values(value ?? {}).map(({ buffer }) => buffer),
        ),
      )
      .catch((error: unknown) => reply({ id, error: String(error) }));
  });
  reply({ id: 0, value: undefined });
}

if (parentPort === null) throw new Error("session-worker runs as a worker thread only");
const port = parentPort;
start(port, workerData as SessionSetup).catch((error: unknown) =>
  port.postMessage({ id: 0, error: String(error) }),
);
