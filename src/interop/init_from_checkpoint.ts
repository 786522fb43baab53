/** @file tf.train.init_from_checkpoint: initial values out of a checkpoint. */
import { existsSync, statSync } from 'node:fs';
import { GraphError } from '../errors';
import { restoreV2 } from '../ops/checkpoint';
import { defaultVariableStore } from '../ops/variable_store';
import { Variable } from '../ops/variables';
import { compatible, tupleShape } from '../value/shape';
import { latestCheckpoint, loadCheckpoint } from './checkpoint_state';
import { restoreVariable } from './saver_nodes';

/**
 * Lets the initializers of variables read a checkpoint, or the newest one of a folder. The map goes from names in the
 * checkpoint to variables or their names, or from scopes to scopes: `{ 'old/': 'new/' }`, '/' for all. Raises Value for
 * names and shapes that do not fit.
 * @tensorflow tf.train.init_from_checkpoint
 */
export function initFromCheckpoint(
  ckptDirOrFile: string,
  assignmentMap: Readonly<Record<string, Variable | string>>,
): void {
  const isFolder = existsSync(ckptDirOrFile) && statSync(ckptDirOrFile).isDirectory();
  const reader = loadCheckpoint(ckptDirOrFile);
  const file = (isFolder && latestCheckpoint(ckptDirOrFile)) || ckptDirOrFile;
  const shapes = reader.getVariableToShapeMap();
  const { variables } = defaultVariableStore();
  for (const [tensorName, target] of Object.entries(assignmentMap).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const variable = target instanceof Variable ? target : variables.get(target);
    if (!variable) {
      fromScope(tensorName, target as string, variables, (name, own) => {
        if (!reader.hasTensor(name)) {
          throw new GraphError(
            'Value',
            `Tensor ${name} (${own.within} in ${tensorName}) is not found in ${ckptDirOrFile} checkpoint`,
          );
        }
        readInitialValue(own.variable, file, name);
      });
      continue;
    }
    const shape = shapes[tensorName];
    if (!shape) {
      const found = Object.entries(shapes).map(([name, dims]) => `'${name}': [${dims.join(', ')}]`);
      throw new GraphError(
        'Value',
        `Tensor ${tensorName} is not found in ${ckptDirOrFile} checkpoint {${found.join(', ')}}`,
      );
    }
    if (!compatible(variable.shape, shape)) {
      throw new GraphError(
        'Value',
        `Shape of variable ${variable.name} (${tupleShape(variable.shape)}) doesn't match with shape of tensor ${tensorName} ([${shape.join(', ')}]) from checkpoint reader.`,
      );
    }
    readInitialValue(variable, file, tensorName);
  }
}

interface Scoped {
  readonly variable: Variable;
  /** Its name in the scope. */
  readonly within: string;
}
/** All variables of a scope, by name, with what they are called in the other scope. */
function fromScope(
  from: string,
  to: string,
  variables: ReadonlyMap<string, Variable>,
  each: (name: string, own: Scoped) => void,
): void {
  const scope = to.includes('/') ? to.slice(0, to.lastIndexOf('/')) : '';
  if (!from.endsWith('/')) {
    throw new GraphError(
      'Value',
      `Assignment map with scope only name ${scope} should map to scope only ${from}. Should be 'scope/': 'other_scope/'.`,
    );
  }
  const names = [...variables.keys()].filter((name) => scope === '' || name.startsWith(`${scope}/`)).sort();
  for (const name of names) {
    const within = scope === '' ? name : name.slice(scope.length + 1);
    each(from === '/' ? within : from + within, { variable: variables.get(name)!, within });
  }
}

function readInitialValue(variable: Variable, file: string, tensorName: string): void {
  const { graph, device } = variable;
  const found = graph.device(device, () =>
    graph.device(
      '/cpu:0',
      () => restoreV2(file, [tensorName], [variable.dtype], { name: 'checkpoint_initializer' })[0]!,
    ),
  );
  const initializer = restoreVariable(variable, found, null);
  found.setShape(variable.shape);
  // Only this function changes what a variable begins with once it is made.
  const own = { configurable: true, enumerable: true };
  Object.defineProperties(variable, {
    initializer: { ...own, value: initializer },
    initialValue: { ...own, value: found },
  });
}
