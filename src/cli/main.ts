#!/usr/bin/env node
/** The `residua` command. */
import { runCommandLine } from "./program.ts";

process.exitCode = await runCommandLine(process.argv.slice(2));
