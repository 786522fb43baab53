/** @file Dataset.reduce: a function folded over the elements, as one op. */
import { GraphError } from '../errors';
import { addFunction } from '../graph/functions';
import { getDefaultGraph } from '../graph/graph';
import { packAs } from '../ops/structure';
import { meet, sameShape } from '../value/shape';
import { normalized } from './arguments';
import type { Dataset } from './dataset';
import { ReduceDataset } from './function_ops';
import { fromTensors } from './iterator';
import { attrsFor, elementsIn, type Structure, showTypes, specsIn, TensorSpec } from './structure';
import { type ElementFunction, trace } from './trace';

/** Traces again until the shapes of the state hold for what `f` answers too. */
export function reduce(dataset: Dataset, initialState: unknown, f: ElementFunction): unknown {
  const graph = getDefaultGraph();
  const { structure: first, components } = graph.nameScope('initial_state', () => normalized(initialState));
  const element = dataset.elementSpec;
  let state: Structure = first;
  for (;;) {
    const traced = trace(f, 'reduce()', [state, element]);
    const [old, found] = [elementsIn(state), elementsIn(traced.structure)];
    if (old.types.length !== found.types.length || old.types.some((t, i) => t !== found.types[i])) {
      throw new GraphError(
        'Type',
        `The element types for the new state must match the initial state. Expected ${showTypes(state)}; got ${showTypes(traced.structure)}.`,
      );
    }
    const weaker = old.shapes.map((s, i) => meet(s, found.shapes[i]!));
    if (weaker.some((s, i) => !sameShape(s, old.shapes[i]!))) {
      const specs = specsIn(state).map((s, i) => (s instanceof TensorSpec ? new TensorSpec(weaker[i]!, s.dtype) : s));
      state = packAs(state, specs);
      continue;
    }
    addFunction(graph, traced.fn);
    const inputs = {
      input_dataset: dataset.variant,
      initial_state: components,
      other_arguments: traced.captured,
    };
    const { components: results } = ReduceDataset(inputs, { f: { func: traced.fn.name }, ...attrsFor(state) });
    return fromTensors(state, results);
  }
}
