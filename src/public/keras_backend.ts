/** @file tf.keras.backend */
export { learningPhase, learningPhaseScope, setLearningPhase } from '../layers/learning_phase';
