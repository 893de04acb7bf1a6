/** Says which engine will serve, in one line; part of the set-up. */
import { createEngine, nativeProblem } from "../src/study/engines.ts";

const problem = nativeProblem();
const { name, precision } = createEngine();
const reason = problem === null ? "" : ` (native: ${problem})`;
process.stdout.write(`setup: the ${name} engine will serve, in ${precision}${reason}\n`);
