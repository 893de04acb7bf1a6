/** The thread in which one image is registered to another. */
import { parentPort, workerData } from "node:worker_threads";
import { WorkError } from "../../../domain/errors.ts";
import type { LabelMap, Volume } from "../../../domain/volume.ts";
import {
  type RegisteredVolume,
  type RegistrationKind,
  type RegistrationOptions,
  registerVolume,
} from "../../../imaging/registration/registration.ts";
import { registerWithElastix } from "./elastix.ts";

export interface RegistrationTask extends RegistrationOptions {
  readonly fixed: Volume;
  readonly moving: Volume;
  readonly mask: LabelMap;
  readonly kind: RegistrationKind;
}

/** `failed` tells of a {@link WorkError}, whose class does not survive the passage between threads. */
export type RegistrationReply = { readonly value: RegisteredVolume } | { readonly failed: string };

const { fixed, moving, mask, kind, ...options } = workerData as RegistrationTask;
try {
  const value = await registerVolume(fixed, moving, mask, kind, registerWithElastix, options);
  parentPort?.postMessage({ value } satisfies RegistrationReply);
} catch (error) {
  if (!(error instanceof WorkError)) throw error;
  parentPort?.postMessage({ failed: error.details.found } satisfies RegistrationReply);
}
