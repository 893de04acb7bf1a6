/** `residua export`: the network as ONNX. */
import { Command } from "commander";
import { exportModel } from "../../study/export.ts";
import { print } from "../console.ts";

export function exportCommand(): Command {
  return new Command("export")
    .description("Export a trained network as ONNX, with its preprocessing as metadata")
    .argument("<model>", "folder of one model")
    .requiredOption("--out <file>", "ONNX file")
    .addHelpText(
      "after",
      `
Examples:
  residua export models/hippocampus --out hippocampus.onnx`,
    )
    .action(async (model: string, options: { out: string }) => {
      await exportModel(model, options.out);
      print(options.out);
    });
}
