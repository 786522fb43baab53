/** @file The seeds of random ops: of the graph, of the op, and what comes of both. */
import { getDefaultGraph } from '../graph/graph';

const DEFAULT_GRAPH_SEED = 87654321;
const MAX = 2 ** 31 - 1;

/** Attrs of a random op; undefined: other numbers in each session. */
export interface Seeds {
  readonly seed?: number | undefined;
  readonly seed2?: number | undefined;
}
export type SeedLike = number | bigint | null | undefined;

const truncate = (seed: number | bigint): number => {
  const rest = Number(BigInt(seed) % BigInt(MAX));
  return rest < 0 ? rest + MAX : rest;
};

/**
 * The two seeds of an op. With a graph seed only, the op's is the number of ops the graph has so far; so
 * the same program makes the same numbers.
 * @tensorflow tf.get_seed
 */
export function getSeed(opSeed: SeedLike = null): Seeds {
  const { seed: graphSeed, version } = getDefaultGraph();
  if (graphSeed === null && opSeed === null) return {};
  const seed = graphSeed === null ? DEFAULT_GRAPH_SEED : truncate(graphSeed);
  const seed2 = truncate(opSeed ?? version);
  return seed === 0 && seed2 === 0 ? { seed: 0, seed2: MAX } : { seed, seed2 };
}

/**
 * Makes the random ops to come repeatable, in the default graph: as tf.set_random_seed.
 * @tensorflow tf.set_random_seed
 */
export function setRandomSeed(seed: number | null): void {
  getDefaultGraph().seed = seed;
}
