// @ts-check
/** Events in words. */
import { count, duration, figure, words } from '../app/format.js';

/** @type {Record<string, (payload: any) => string>} */
const WORDS = {
  MachineCreated: () => 'Machine registered',
  SeedRequested: () => 'A seed is asked for',
  RunDataSubmitted: () => 'Data imported as a seed',
  SeedReady: (one) => `Seed ready${rows(one)}`,
  TrainingRequested: (one) => `A training is asked for${one.epochs ? `, ${count(one.epochs)} epochs` : ''}`,
  RetrainRequested: () => 'Not good enough: trained again with more epochs',
  ModelTrained: (one) => `Training finished${one.epochs ? `: ${count(one.epochs)} epochs` : ''}${
    one.final_loss === undefined ? '' : `, loss ${figure(one.final_loss, 3)}`}${took(one.training_time_seconds)}`,
  GenerationRequested: () => 'Synthetic data are asked for',
  SyntheticDataReady: (one) => `Synthetic data ready${rows(one)}`,
  AssessmentRequested: () => 'An assessment is asked for',
  MachineOnboarded: () => 'Onboarded: the quality gates passed',
  StageFailed: (one) => `${words(one.stage ?? 'stage')} failed${one.reason || one.error ? `: ${one.reason ?? one.error}` : ''}`,
  StageCancelled: (one) => `${words(one.stage)} stopped`,
  StageRetried: (one) => `${words(one.stage)} started again`,
  StageOverdue: (one) => `${words(one.stage ?? 'stage')} takes longer than ever`,
  PredictorRequested: () => 'A training of the predictor is asked for',
  PredictorTrained: (one) => `Predictor trained: version ${one.version ?? '?'}${one.learnt_from ? ` from ${one.learnt_from}` : ''}${took(one.training_time_seconds)}`,
  PredictorChosen: (one) => `Version ${one.version ?? '?'} of the predictor was chosen`,
  LivesLabelled: (one) => `${count(one.lives ?? 0)} lives with known failure modes: the predictor is trained again`,
  ReadingsArrived: () => 'Readings arrived',
  PredictionsMade: (one) => `Predictions made${one.units ? ` for ${count(one.units)} units` : ''}`,
  PredictionRequested: () => 'Predictions are asked for',
  ReadingsAged: () => 'Readings of a past day are put into a file',
  ReadingsArchived: (one) => `Readings of a past day are in a file${rows(one)}`,
  AlertRaised: (one) => `Alert ${one.alert_id ?? ''}, ${one.level ?? ''}: ${one.cause || one.sentence || ''}`,
  AlertCleared: (one) => `Alert ${one.alert_id ?? ''} cleared: ${one.sentence || one.cause || ''}`,
  FailureHappened: (one) => `Failure of unit ${one.unit}${one.mode ? `: ${words(one.mode)}` : ''}`,
  MaintenanceDone: (one) => `Maintenance of unit ${one.unit}${one.note ? `: ${one.note}` : ''}`,
  UnitRepaired: (one) => `Repair of unit ${one.unit}: ${(one.sensors ?? []).map(words).join(', ')}${one.note ? `: ${one.note}` : ''}`,
  LifeEnded: (one) => `Life ${one.life} of unit ${one.unit} is in a file${rows(one)}`,
};

/** @param {any} payload */
const rows = (payload) => (typeof payload.rows === 'number' ? `: ${count(payload.rows)} rows` : '');

/** @param {number | undefined} seconds */
const took = (seconds) => (seconds === undefined ? '' : `, ${duration(seconds * 1000)}`);

/** @param {{type: string, payload: any}} event */
export const inWords = ({ type, payload }) => WORDS[type]?.(payload) ?? type.replace(/(?!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
