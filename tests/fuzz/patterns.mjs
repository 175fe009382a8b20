// Judges regular expressions with recheck, in its pure JavaScript: JSON [[pattern, flags], ...] in, verdicts out.
// usage: node patterns.mjs FOLDER-OF-NODE_MODULES
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

process.env.RECHECK_BACKEND = "pure";
const { checkSync } = createRequire(`${process.argv[2]}/`)("recheck");

const verdicts = JSON.parse(readFileSync(0, "utf-8")).map(([pattern, flags]) => {
  const { status, checker, complexity, attack, error } = checkSync(pattern, flags, { checker: "automaton", timeout: 240000, maxNFASize: 1000000 });
  return { status, checker, complexity: complexity?.summary ?? error?.kind, attack: attack?.pattern };
});
process.stdout.write(JSON.stringify(verdicts));
