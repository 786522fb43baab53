/** @file `npm run examples`: every variant of the bug, and the question it began with. */
import { report as question } from './tflearn_question';
import { report } from './variants/study';
import { variant as v1 } from './variants/v1';
import { variant as v2 } from './variants/v2';
import { variant as v3 } from './variants/v3';
import { variant as v4 } from './variants/v4';
import { variant as v5a } from './variants/v5a';
import { variant as v5b } from './variants/v5b';
import { variant as v6 } from './variants/v6';

async function main(): Promise<void> {
  for (const variant of [v1, v2, v3, v4, v5a, v5b, v6]) console.log(`${await report(variant)}\n`);
  console.log(await question());
}

main().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
