/** Torchwright's public surface: named exports only. */
export { ERROR_CODES, TorchwrightError } from "./errors";
export type { ErrorCode, LargeTensor, OutOfMemoryDetails, TorchwrightErrorOptions } from "./errors";
export { libtorchInfo, useLibtorch } from "./native/load";
export type { Libtorch } from "./native/describe-libtorch";
export type { LocateOptions } from "./native/locate";
export type { DeviceBytes, DeviceStatistics, MemoryCounters, Tf32Settings } from "./native/device-statistics";
export type { ArgumentSchema } from "./native/requests";
export type { ComplexParts, TypedArray } from "./native/values";

export { Tensor } from "./tensor/tensor";
export type { FromOptions } from "./tensor/from";
export type { Complex } from "./tensor/complex";
export type { NestedArray, ReadOptions } from "./tensor/convert";
export type { ToOptions } from "./tensor/to";
export type { DType } from "./tensor/dtype";
export { slice } from "./tensor/slice";
export type { Slice } from "./tensor/slice";
export type { TensorData } from "./tensor/typed-array";
export { cudaStatus, defaultDevice, manualSeed, numThreads, setNumThreads, synchronize } from "./tensor/device";
export type { Device } from "./tensor/device";
export { Generator } from "./tensor/generator";
export type { GeneratorOptions } from "./tensor/generator";
export { emptyCache, memory, resetPeakMemory } from "./tensor/memory";
export type { DeviceMemory, MemoryStatistics } from "./tensor/memory";
export { cuda } from "./tensor/cuda";
export type { CudaDevice, CudaProperties } from "./tensor/cuda";
export type { CudaEvent, CudaEventOptions } from "./tensor/cuda-event";
export { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from "./tensor/matmul-precision";
export type { MatmulPrecision } from "./tensor/matmul-precision";
export { op } from "./tensor/operators";
export type { OperatorResult } from "./tensor/operators";
export type { Int, Layout, MemoryFormat, OperatorFunctions, Reduction, Scalar } from "./tensor/operators.generated";
export { ops } from "./tensor/ops";
export type { IndexArray, TensorIndex } from "./tensor/read-index";
export { keep, scope } from "./tensor/scope";
export { unique } from "./tensor/unique";
export type { UniqueOptions } from "./tensor/unique";

export { grad, gradSync } from "./tensor/backward";
export type { BackwardOptions, GradOptions } from "./tensor/backward";
export type { GradientHook } from "./tensor/hooks";

export { autocast } from "./autograd/autocast";
export type { AutocastOptions } from "./autograd/autocast";
export { checkpoint } from "./autograd/checkpoint";
export type { CheckpointOptions } from "./autograd/checkpoint";
export { defineFunction } from "./autograd/define-function";
export type { FunctionContext, FunctionDefinition } from "./autograd/define-function";
export { detectAnomaly } from "./autograd/detect-anomaly";
export type { AnomalyOptions } from "./autograd/detect-anomaly";
export { enableGrad, inferenceMode, isGradEnabled, isInferenceMode, noGrad } from "./autograd/grad-mode";
export { gradcheck } from "./autograd/gradcheck";
export type { Differentiable, GradcheckOptions } from "./autograd/gradcheck";

export { F } from "./functional/functional";

export { jit } from "./jit/load";
export { ScriptModule } from "./jit/script-module";

export * as nn from "./nn/nn";

export { Adafactor } from "./optim/adafactor";
export type { AdafactorOptions, AdafactorSettings } from "./optim/adafactor";
export { Adam } from "./optim/adam";
export type { AdamOptions } from "./optim/adam";
export { AdamW } from "./optim/adamw";
export type { AdamWOptions } from "./optim/adamw";
export { clipGradNorm } from "./optim/clip-grad-norm";
export type { ClipOptions } from "./optim/clip-grad-norm";
export { decayGroups } from "./optim/decay-groups";
export { Lion } from "./optim/lion";
export type { LionOptions, LionSettings } from "./optim/lion";
export { Optimizer } from "./optim/optimizer";
export type { OptimizerDefaults } from "./optim/optimizer";
export type { OptimizerGroup, ParameterState } from "./optim/optimizer-group";
export { ConstantSchedule } from "./optim/schedules/constant";
export type { ConstantScheduleOptions } from "./optim/schedules/constant";
export { CosineSchedule, CosineWithRestartsSchedule } from "./optim/schedules/cosine";
export type { CosineScheduleOptions, CosineWithRestartsScheduleOptions } from "./optim/schedules/cosine";
export { InverseSqrtSchedule } from "./optim/schedules/inverse-sqrt";
export type { InverseSqrtScheduleOptions } from "./optim/schedules/inverse-sqrt";
export { LinearSchedule } from "./optim/schedules/linear";
export type { LinearScheduleOptions } from "./optim/schedules/linear";
export { OneCycleSchedule } from "./optim/schedules/one-cycle";
export type { OneCycleScheduleOptions } from "./optim/schedules/one-cycle";
export { PolynomialSchedule } from "./optim/schedules/polynomial";
export type { PolynomialScheduleOptions } from "./optim/schedules/polynomial";
export { ReduceOnPlateau } from "./optim/schedules/reduce-on-plateau";
export type { ReduceOnPlateauOptions, ReduceOnPlateauState } from "./optim/schedules/reduce-on-plateau";
export { Schedule } from "./optim/schedules/schedule";
export type { ScheduledOptimizer, ScheduleState, WarmupOptions } from "./optim/schedules/schedule";
export type { SchedulerOptions, SchedulerType } from "./optim/schedules/by-name";
export type { ParamGroup, ParamsOrGroups } from "./optim/param-groups";
export { SGD } from "./optim/sgd";
export type { SGDOptions, SGDSettings } from "./optim/sgd";
export type { OptimizerStateDict, PythonGroup } from "./optim/state-dict";
export { loadOptimizerState, saveOptimizerState } from "./optim/state-file";
export type { FusedAdamOptions, FusedAdamSettings } from "./optim/fused-adam";

export type { HubOptions, HubProgress } from "./hub/options";
export { AutoTokenizer } from "./text/auto-tokenizer";
export { trainWordPiece } from "./text/train-wordpiece";
export type { WordPieceOptions } from "./text/train-wordpiece";
export type { DecodeOptions, EncodeOptions, Encoding, TextInput, Tokenizer, Truncation } from "./text/tokenizer";
export type { PretrainedTokenizer } from "./text/pretrained-tokenizer";
export type { AddedToken } from "./text/added-tokens";

export type { Batch } from "./data/batch";
export type { PreparedBatch } from "./data/collate";
export { DataLoader } from "./data/data-loader";
export type { DataLoaderOptions, EpochOptions } from "./data/data-loader";
export { Dataset } from "./data/dataset";
export type { CacheOptions, EncodingCache } from "./data/encoding-cache";
export { nearDuplicateGroups } from "./data/duplicates/near-duplicates";
export type { NearDuplicateOptions } from "./data/duplicates/near-duplicates";
export type { Shingle } from "./data/duplicates/shingles";
export type { Example, ExampleInput, Label } from "./data/example";
export { inspect } from "./data/inspect/inspect";
export type { InspectOptions } from "./data/inspect/inspect";
export type { Inspectable, InspectionInput } from "./data/inspect/inspectable";
export { Inspection } from "./data/inspect/inspection";
export type {
  Bin,
  ClassShare,
  ContradictionReport,
  DamageKind,
  Distribution,
  DuplicateReport,
  Finding,
  GroupExample,
  InspectionReport,
  LabelReport,
  LengthReport,
  NearDuplicateReport,
  RowExample,
  RowReference,
  SplitReport,
  TruncationCount,
} from "./data/inspect/report";
export { IterableDataset } from "./data/iterable-dataset";
export type { BufferedShuffleOptions } from "./data/iterable-dataset";
export type { Distributed } from "./data/loading/plan";
export type { CollateInput } from "./data/loading/prepare";
export type { LoaderState } from "./data/loading/state";
export type { LoaderStats } from "./data/loading/stats";
export type { WindowOptions } from "./data/loading/windows";
export type { MapDataset, ShuffleOptions } from "./data/map-dataset";
export type { ProblemType } from "./data/problem-type";
export { ClassBalancedSampler } from "./data/samplers/class-balanced-sampler";
export { LengthGroupedSampler } from "./data/samplers/length-grouped-sampler";
export type { LengthGroupedSamplerOptions } from "./data/samplers/length-grouped-sampler";
export { RandomSampler } from "./data/samplers/random-sampler";
export type { SampledData, Sampler, SeededOptions } from "./data/samplers/sampler";
export { SequentialSampler } from "./data/samplers/sequential-sampler";
export { WeightedSampler } from "./data/samplers/weighted-sampler";
export type { WeightedSamplerOptions } from "./data/samplers/weighted-sampler";
export type { CsvSourceOptions } from "./data/sources/csv-source";
export type { FolderSourceOptions } from "./data/sources/folder-source";
export type { JsonLinesSourceOptions } from "./data/sources/json-lines-source";
export type { JsonSourceOptions } from "./data/sources/json-source";
export type { ParquetSourceOptions } from "./data/sources/parquet-source";
export type { SourceInput } from "./data/sources/source-input";
export type { BadRowPolicy, SourceEncoding, TextFileOptions } from "./data/sources/source-options";
export type { RowsInput } from "./data/rows-input";
export type { Fields, Place, RowSource, SourceRow } from "./data/sources/source-row";
export type { SplitBy } from "./data/split";
export type { ColumnOptions } from "./data/text-columns";
export { TextDataset } from "./data/text-dataset";
export type { SplitOptions, TextDatasetOptions, TextSourceOptions } from "./data/text-dataset";
export type { Parts } from "./data/split-parts";
export type { EncodedLabels } from "./data/label-encoder";

export { loadTextClassifier } from "./models/auto-classifier";
export type { LoadModelOptions } from "./models/auto-classifier";
export type { BertConfig } from "./models/bert-config";
export { BertForSequenceClassification } from "./models/bert-for-sequence-classification";
export type { FromConfigOptions, FromPretrainedOptions } from "./models/bert-options";
export type { LoadingReport } from "./models/bert-weights";
export { readCalibration } from "./models/calibration";
export type { Calibration } from "./models/calibration";
export type { LoraConfig, ResolvedLoraConfig } from "./models/lora/lora-config";
export type { ModelInputs, ModelOutput, ModelProblem, SaveOptions, TextClassifier } from "./models/model";
export { ModuleClassifier } from "./models/module-classifier";
export type { ClassifierModule } from "./models/module-classifier";
export { loadSafetensors, saveSafetensors } from "./models/state-file";
export { ScriptClassifier } from "./models/script-classifier";

export { accuracy, classificationReport, confusionMatrix, precisionRecallF1 } from "./metrics/classification";
export type { ClassificationReport, ClassIds, ClassNames } from "./metrics/classification";
export type { Scores } from "./metrics/class-scores";
export { ConfusionMatrix } from "./metrics/confusion-matrix";
export type { ClassReport, Confusion, MetricSummary } from "./metrics/confusion-matrix";
export { MultiLabelMetrics } from "./metrics/multi-label-metrics";
export type { MultiLabelOptions, MultiLabelScores, MultiLabelSummary } from "./metrics/multi-label-metrics";
export type { BootstrapOptions, Interval, Intervals } from "./metrics/poisson-bootstrap";
export { RegressionMetrics } from "./metrics/regression-metrics";
export type { RegressionOptions, RegressionScores, RegressionSummary } from "./metrics/regression-metrics";
export type { ReliabilityBin } from "./metrics/reliability";
export type { CurveAreas, ScoredClassReport } from "./metrics/score-histograms";
export { SingleLabelMetrics } from "./metrics/single-label-metrics";
export type { SingleLabelOptions, SingleLabelScores, SingleLabelSummary } from "./metrics/single-label-metrics";
export type { Thresholds } from "./metrics/threshold-grid";

export type {
  EvaluateOptions,
  Evaluation,
  MultiLabelEvaluation,
  RegressionEvaluation,
  SingleLabelEvaluation,
} from "./train/evaluation";
export type {
  CheckpointEntry,
  EvaluationEntry,
  History,
  LogEntry,
  MemoryEntry,
  ResumeEntry,
  SplitEntry,
  StepEntry,
  StoppedBy,
  TrainerCallback,
  TrainerEvent,
} from "./train/events";
export type { BestMetric } from "./train/best-metric";
export type { Best } from "./train/best-model";
export { abstentionThreshold } from "./train/calibration/abstention";
export type { Abstention, AbstentionOptions } from "./train/calibration/abstention";
export { calibrate } from "./train/calibration/calibrate";
export type { CalibrateOptions, CalibrationReport } from "./train/calibration/calibrate";
export type { CalibrationQuality } from "./train/calibration/held-out";
export { CsvLogger } from "./train/logs/csv-logger";
export { JsonlLogger } from "./train/logs/jsonl-logger";
export { SummaryWriter } from "./train/logs/summary-writer";
export type { SummaryWriterOptions } from "./train/logs/summary-writer";
export { TensorBoardLogger } from "./train/logs/tensorboard-logger";
export { logValues } from "./train/logs/trainer-logger";
export type { LogValues, RunInfo, TrainerLogger } from "./train/logs/trainer-logger";
export type {
  EvalStrategy,
  LossFunction,
  Precision,
  ProgressMode,
  ReportTo,
  ResolvedTrainerOptions,
  SaveStrategy,
  TrainerOptions,
} from "./train/options";
export type { LearningRateOptions, LearningRateType } from "./train/learning-rate";
export type { LearningRateCurve, LearningRateFinderOptions } from "./train/learning-rate-finder";
export type { ClassWeights } from "./train/objective/class-weights";
export type { DistillationOptions } from "./train/objective/distillation";
export type { NamePattern } from "./train/parameters/name-pattern";
export type { OptimizerFactory, OptimizerName } from "./train/parameters/optimizer-by-name";
export type { GroupRule } from "./train/parameters/parameter-groups";
export type { PooledBatch } from "./train/pool-windows";
export type { PredictionOptions, Predictions } from "./train/predictions";
export type { NonFinitePolicy } from "./train/step-monitor";
export type { WeightAverageOptions } from "./train/weight-average";
export type { ModelCardOptions } from "./train/report/card-data";
export type { TrainerSaveOptions } from "./train/report/make-card";
export type { ReportOptions } from "./train/report/make-report";
export { Trainer } from "./train/trainer";
export type { FitOptions } from "./train/trainer";
export type { DataSummary } from "./train/run-folder";
export type { StepPlan } from "./train/plan-steps";
export type { RunState } from "./train/run";

export * as hp from "./search/hp";
export { search } from "./search/search";
export type { HalvingSearchOptions, RandomSearchOptions, SearchOptions } from "./search/options";
export { SearchResult } from "./search/search-result";
export type { SearchStoppedBy } from "./search/search-result";
export type { SearchSpace, SpaceValues } from "./search/space";
export { trainerObjective } from "./search/trainer-objective";
export type { PerTrial, TrainerObjectiveParts, TrainerObjectiveSetup } from "./search/trainer-objective";
export type {
  RungResult,
  SearchDirection,
  SearchObjective,
  Trial,
  TrialContext,
  TrialFailure,
  TrialScore,
  TrialStatus,
} from "./search/trial";
export type { Rung } from "./search/rungs";
export type { DistributionSettings } from "./search/distribution";

export { Classifier } from "./predict/classifier";
export type { Explanation, TokenAttribution, WordAttribution } from "./predict/explanation";
export type { ClassifierOptions, ExplainOptions, LoadOptions, PredictOptions, StreamOptions } from "./predict/options";
export type {
  MultiLabelPrediction,
  Prediction,
  RegressionPrediction,
  SingleLabelPrediction,
} from "./predict/prediction";
export type { LabelProbability } from "./predict/rank";
export type { TextSource } from "./predict/stream";

export { show } from "./display/show";
export { toHtml } from "./display/to-html";
