/** @file The state of one while loop and of the loop of gradients that goes back over it: forward values are kept on stacks. */
import { GraphError } from '../errors';
import { outputContextOf } from '../graph/context';
import { constantIn } from '../graph/convert';
import type { Grad } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { Value } from '../value/value';
import { constant } from './array';
import { CondContext, type FlowContext, isLoopConstantEnter, WhileContext } from './contexts';
import { controlTrigger } from './control';
import { switchRefOrTensor } from './flow';
import { addBackpropLoopCounter, addForwardLoopCounter } from './loop_accumulators';
import { stackPop, stackPush, stackV2 } from './stack';

/** Ops through which a loop invariant stays one. */
const PASSING: ReadonlySet<string> = new Set(['Switch', 'RefSwitch', 'Identity', 'RefIdentity']);
/** The Enter of the loop invariant that a tensor is, if it is one. */
function constantEnter(t: Tensor): Operation | null {
  let { op } = t;
  while (PASSING.has(op.type)) op = op.inputs[0]!.op;
  return isLoopConstantEnter(op) ? op : null;
}

/** Made once per loop and call of tf.gradients; making it adds the counters of rounds to both loops. */
export class GradLoopState {
  readonly outerGradState: GradLoopState | null;
  readonly forwardContext: WhileContext;
  /** The number of the round at its end, a NextIteration of the forward loop. */
  readonly forwardIndex: Tensor;
  readonly gradContext: WhileContext;
  /** The same in the loop of gradients, counting down. */
  readonly gradIndex: Tensor;
  /** What forward tensors are called in the loop of gradients, by name. */
  readonly historyMap = new Map<string, Tensor>();
  /** The Merge of gradients for each Switch of the forward loop. */
  readonly switchMap = new Map<Operation, Grad>();
  readonly forwardLoopExits: readonly Tensor[];
  readonly unusedExits: Tensor[] = [];
  readonly deferredExits: Tensor[] = [];
  /** How many exits have not been seen yet. */
  pendingExitsCount: number;
  #forwardSync: Operation | null = null;
  #gradSync: Operation | null = null;

  constructor(forward: WhileContext, outerState: GradLoopState | null) {
    this.outerGradState = outerState;
    this.forwardContext = forward;
    this.forwardLoopExits = [...forward.loopExits];
    this.pendingExitsCount = forward.loopExits.length;
    const outer = outerState ? outerState.forwardContext : forward.outer;
    const { graph } = forward;
    const within = <R>(context: FlowContext | null, body: () => R): R =>
      graph.asDefault(() => (context ? context.within(body) : body()));

    const [count, index] = within(outer, () => addForwardLoopCounter(forward, outerState));
    this.forwardIndex = index;
    const { maximumIterations, parallelIterations, backProp, swapMemory, name } = forward;
    const options = { maximumIterations, parallelIterations, backProp, swapMemory, name, gradState: this };
    if (!outerState) {
      [this.gradContext, this.gradIndex] = within(outer, () => {
        const loop = new WhileContext(options);
        return [loop, addBackpropLoopCounter(loop, count, null)];
      });
      return;
    }
    outer!.values.add(count.name);
    const history = outerState.addForwardAccumulator(count);
    [this.gradContext, this.gradIndex] = within(outerState.gradContext, () => {
      const loop = new WhileContext(options);
      const real = outerState.addBackpropAccumulatedValue(history, count);
      return [loop, addBackpropLoopCounter(loop, real, outerState)];
    });
  }

  /** Keeps pushes of conditional values in the order of rounds. */
  get forwardSync(): Operation {
    this.#forwardSync ??= this.#sync('f_sync', this.forwardContext, this.forwardIndex);
    return this.#forwardSync;
  }
  /** Keeps pops in the order of rounds. */
  get gradSync(): Operation {
    if (!this.#gradSync) {
      this.#gradSync = this.#sync('b_sync', this.gradContext, this.gradIndex);
      this.gradContext.outer?.addInnerOp(this.#gradSync);
    }
    return this.#gradSync;
  }
  #sync(name: string, loop: WhileContext, before: Tensor): Operation {
    const trigger = loop.graph.controlDependencies(null, () => controlTrigger({ name }));
    trigger.context = loop;
    before.op.addControlInput(trigger);
    return trigger;
  }

  /**
   * Pushes a forward value in each round. Called in the context in which gradients are asked for; answers the stack.
   * `dead`: the value is needed where the branch it comes from was not taken.
   */
  addForwardAccumulator(value: Tensor, dead = false): Tensor {
    const { graph } = this.forwardIndex;
    const current = graph.context as FlowContext | null;
    const forward = this.forwardContext;
    return graph.asDefault(() =>
      graph.controlDependencies(null, () => {
        const make = () =>
          graph.colocateWith(value, () => {
            const maxSize = constant(-1, 'int32');
            return stackV2(maxSize, value.dtype, { name: 'f_acc' });
          });
        const stack = current ? current.within(make) : make();
        const entered = forward.addValue(stack);
        const push = () => stackPush(entered, value, { swapMemory: forward.swapMemory });
        const context = outputContextOf(value.op) as FlowContext | null;
        let pushed: Tensor;
        if (context === forward) {
          pushed = forward.within(push);
          this.forwardIndex.op.addControlInput(pushed.op);
        } else {
          if (!(context instanceof CondContext)) {
            throw new GraphError('Type', `value_ctxt is not a CondContext: ${context?.name ?? 'None'}`, {
              op: value.op.name,
            });
          }
          pushed = (dead ? context.outer! : context).within(push);
          if (dead) pushed.op.context = context;
          this.forwardSync.addControlInput(pushed.op);
        }
        pushed.op.addControlInput(this.forwardIndex.op.inputs[0]!.op);
        return stack;
      }),
    );
  }

  /** Pops in the loop of gradients what was pushed, under the cond that it was pushed under. */
  addBackpropAccumulatedValue(history: Tensor, value: Tensor, dead = false): Tensor {
    const guard = guardOf(value, history.op.context);
    const loop = this.gradContext;
    const popped = loop.graph.controlDependencies(null, () =>
      loop.within(() => {
        const from = guard
          ? switchRefOrTensor(history, this.#predicateOf(guard))[dead ? 1 - guard.branch : guard.branch]!
          : history;
        const t = stackPop(from, value.dtype);
        t.setShape(value.shape);
        return t;
      }),
    );
    if (loop.parallelIterations > 1) this.gradSync.addControlInput(popped.op);
    return popped;
  }
  #predicateOf({ pred }: CondContext): Tensor {
    for (let state: GradLoopState | null = this; state; state = state.outerGradState) {
      const found = state.historyMap.get(pred.name);
      if (found) return found;
    }
    return pred;
  }

  /** A forward value as the loop of gradients sees it. Called in that loop. */
  getRealValue(value: Tensor): Tensor {
    const known = this.historyMap.get(value.name);
    if (known) return known;
    const real = this.#realValue(value);
    this.historyMap.set(value.name, real);
    return real;
  }
  #realValue(value: Tensor): Tensor {
    let current = value;
    let state: GradLoopState = this;
    for (let entered = constantEnter(current); entered; entered = constantEnter(current)) {
      current = entered.inputs[0]!;
      // An invariant of all loops: it only has to enter.
      if (!state.outerGradState) return this.gradContext.addValue(current);
      state = state.outerGradState;
    }
    const cells: unknown = (current.op.attrs as Record<string, unknown>).value;
    if (current.op.inputs.length === 0 && cells instanceof Value) return constantIn(current.graph, cells);
    this.gradContext.close();
    const history = state.addForwardAccumulator(current);
    this.gradContext.open();
    const real = state.addBackpropAccumulatedValue(history, current);
    return state === this ? real : this.gradContext.addValue(real);
  }
}

/** The innermost cond around `value` that is not around its history. */
function guardOf(value: Tensor, until: Operation['context']): CondContext | null {
  for (let at = value.op.context; at && at !== until; at = at.outer) if (at instanceof CondContext) return at;
  return null;
}
