/** @file Functions whose gradient the user writes. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Grad } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { identityNRaw, overrideGradient } from './identity';

type Many<T> = T | readonly T[];
/** From the gradients of the results, those of the arguments; null where there is none. */
export type GradientFunction = (...dys: Tensor[]) => Many<Tensor | null>;

let made = 0;
const listed = <T>(x: Many<T>): readonly T[] => (Array.isArray(x) ? x : [x as T]);

/**
 * `f` with a gradient of its own, as tf.custom_gradient: f answers its result (a tensor or a list) and the function that
 * turns the result's gradients into those of f's arguments. Variables that f reads inside get no gradient: pass them in.
 * @tensorflow tf.custom_gradient
 */
export function customGradient<R extends Many<Tensor>>(
  f: (...args: Tensor[]) => readonly [result: R, gradient: GradientFunction],
): (...args: TensorLike[]) => R {
  return (...args) => {
    const graph = graphOf(args);
    const inputs = args.map((x) => convertToTensor(x, {}, graph));
    const [result, gradient] = f(...inputs);
    const results = listed<Tensor>(result);
    const all = identityNRaw([...results, ...inputs], `CustomGradient-${made++}`);
    overrideGradient(all[0]!.op as Operation, (dys): (Grad | null)[] => [
      ...results.map(() => null),
      ...listed(gradient(...(dys.slice(0, results.length) as Tensor[]))),
    ]);
    return (Array.isArray(result) ? all.slice(0, results.length) : all[0]) as R;
  };
}
