/** Options of the commands that run networks: which engine does it, and how. */
import { type Command, Option } from "commander";
import { type EngineRequest, ONNX_PROVIDERS } from "../study/engines.ts";

/** What commander makes of these options. */
export interface EngineOptions {
  readonly engine?: NonNullable<EngineRequest["name"]>;
  readonly precision?: NonNullable<EngineRequest["precision"]>;
  readonly provider?: NonNullable<EngineRequest["provider"]>;
}

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <name>", "engine; by default native where it is built").choices([
        "native",
        "onnx",
      ]),
    )
    .addOption(
      new Option(
        "--precision <name>",
        "arithmetic; by default bf16 where engine and processor have it",
      ).choices(["bf16", "fp32"]),
    )
    .addOption(
      new Option("--provider <name>", "execution provider of ONNX Runtime; asks for the onnx engine").choices(
        ONNX_PROVIDERS,
      ),
    );
}

export function engineRequest({ engine, precision, provider }: EngineOptions): EngineRequest {
  return {
    ...(engine === undefined ? {} : { name: engine }),
    ...(precision === undefined ? {} : { precision }),
    ...(provider === undefined ? {} : { provider }),
  };
}
