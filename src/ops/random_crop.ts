/** @file A part of a tensor from a random place. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { shapeOf } from './array';
import { greaterEqual } from './compare';
import { Assert, withDependencies } from './control';
import { limitsOf } from './expect';
import { minus, modulo, plus } from './operators';
import { randomUniform, type SeedOptions } from './random';
import { reduceAll } from './reduce';
import { slice } from './slice';

/** A slice of shape `size` at a uniformly chosen offset; InvalidArgument where the value is smaller. @tensorflow tf.random_crop */
export function randomCrop(value: TensorLike, size: TensorLike, { seed, name }: SeedOptions = {}): Tensor {
  const graph = graphOf([value, size]);
  return graph.nameScope(name ?? 'random_crop', (scope) => {
    const x = convertToTensor(value, { name: 'value' }, graph);
    const sizes = convertToTensor(size, { name: 'size', dtype: 'int32' }, graph);
    const given = shapeOf(x);
    const check = Assert(reduceAll(greaterEqual(given, sizes)), ['Need value.shape >= size, got ', given, sizes], {
      summarize: 1000,
    });
    const shape = withDependencies([check], given);
    const limit = plus(minus(shape, sizes), 1);
    const at = randomUniform(shapeOf(shape), { dtype: 'int32', maxval: limitsOf('int32')[1], seed });
    return slice(x, modulo(at, limit), sizes, { name: scope });
  });
}
