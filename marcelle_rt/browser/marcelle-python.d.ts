// What marcelle-python.js gives a dashboard.
import type { BatchPrediction, Component, DataStore, Instance, Model, Stream, TrainingRun, TrainingStatus } from '@marcellejs/core';

/** A parameter of a task, as its signature in Python says. */
export interface Parameter {
  name: string;
  type: 'integer' | 'number' | 'boolean' | 'string' | 'choice' | 'integer array' | 'number array';
  default: unknown;
  options?: unknown[];
  min?: number;
  max?: number;
}

/** A task whose Python is there. */
export interface Task {
  id: string;
  task: string;
  host: string;
  params: Parameter[];
  trains: boolean;
  predicts: boolean;
  version: string;
  /** What keeps trainings from being begun, such as a cluster without workers; empty where nothing does. */
  problem?: string;
}

/** A training that somebody has asked for. */
export interface Job {
  /** `null` where no training began. */
  id: string | null;
  task: string;
  state: 'queued' | 'claimed' | 'running' | 'stopping' | 'success' | 'error' | 'cancelled' | 'refused';
  message: string;
  params?: Record<string, unknown>;
  dataset?: string | null;
  progress?: { fraction: number | null; text: string };
  runId?: string | null;
  modelId?: string | null;
  traceback?: string | null;
}

/** The published model that predicts in the page. */
export interface Published {
  id: string;
  name: string;
  metadata: Record<string, unknown>;
}

/** A run of a training in Python, to be watched and steered. */
export interface PythonRun extends Component {
  $run: Stream<TrainingRun | null>;
  $training: Stream<TrainingStatus>;
  /** Ends it in peace. Each command resolves with Python's answer, and fails with the reason of a refusal. */
  stop(): Promise<string>;
  set(name: string, value: unknown): Promise<string>;
  checkpoint(): Promise<string>;
}

/** A Marcelle model that Python trains. */
export interface PythonModel extends Model<Instance, any> {
  /** Resolves as soon as `parameters` and `form` are there, which a server tells. */
  ready: true & Promise<void>;
  parameters: Record<string, Stream<any>>;
  serviceName: string;
  /** What `modelParameters` takes beside the model, for menus and kinds of fields. */
  form: Record<string, { type: 'menu' | 'text' | 'boolean' | 'number' | 'number array'; options?: string[] }>;
  /** What a server that is there says of the task; `null`: nobody is there. */
  $task: Stream<Task | null>;
  /** One `epoch` an epoch, with Marcelle's names of metrics. */
  $training: Stream<TrainingStatus>;
  /** The training that goes on, or was the last. */
  $job: Stream<Job | null>;
  /** With `local`: the published model, each time that a version predicts in the page. */
  $model: Stream<Published | null>;
  /** What is going on, in one sentence. */
  $message: Stream<string>;
  /**
   * Gives the job's id, or `null` where no training began; `$job` and `$message` say why. Python reads a dataset as a
   * whole, by its name: no part of one, as a sifted dataset or `dataset.items()` is.
   */
  train(dataset?: Parameters<Model<Instance, any>['train']>[0] | string | null): Promise<string | null>;
  predict(x: any): Promise<any>;
  /** Ends the training in peace: what was learned is kept. */
  stop(): Promise<string>;
  /** Ends the training at once, by force where it does not listen. */
  cancel(): Promise<string>;
  set(name: string, value: unknown): Promise<string>;
  checkpoint(): Promise<string>;
}

export interface PythonModelOptions {
  /** Whether the page predicts by itself, with the model that Python publishes. */
  local?: boolean;
}

export function pythonModel(store: DataStore, task: string, options?: PythonModelOptions): PythonModel;
export function pythonRun(store: DataStore, id: string): PythonRun;
/** The tasks whose Python is there. */
export function pythonTasks(store: DataStore): Stream<Task[]>;
/** Lets a stock `batchPrediction`, and its confusion matrix, follow what Python writes and removes. */
export function followPredictions(batch: BatchPrediction): BatchPrediction;
