/** @file `npm run examples`: every variant of the bug, the question it began with, and the larger programs. */
import { main as charRnn } from './char_rnn';
import { main as gan } from './gan';
import { main as mnistConvnet } from './mnist_convnet';
import { main as residualNet } from './residual_net';
import { report as question } from './tflearn_question';
import { main as towers } from './towers';
import { report } from './variants/study';
import { variant as v1 } from './variants/v1';
import { variant as v2 } from './variants/v2';
import { variant as v3 } from './variants/v3';
import { variant as v4 } from './variants/v4';
import { variant as v5a } from './variants/v5a';
import { variant as v5b } from './variants/v5b';
import { variant as v6 } from './variants/v6';
import { main as wordEmbeddings } from './word_embeddings';

/** The programs that can be run by themselves, too: npx ts-node examples/NAME.ts */
const PROGRAMS: Readonly<Record<string, () => Promise<void>>> = {
  towers,
  gan,
  mnist_convnet: mnistConvnet,
  residual_net: residualNet,
  word_embeddings: wordEmbeddings,
  char_rnn: charRnn,
};

async function main(): Promise<void> {
  for (const variant of [v1, v2, v3, v4, v5a, v5b, v6]) console.log(`${await report(variant)}\n`);
  console.log(await question());
  for (const [name, program] of Object.entries(PROGRAMS)) {
    console.log(`\n${`---- examples/${name}.ts `.padEnd(100, '-')}\n`);
    await program();
  }
}

main().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
