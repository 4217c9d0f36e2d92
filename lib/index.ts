/** Torchwright's public surface: named exports only. */
export { ERROR_CODES, TorchwrightError } from "./errors";
export type { ErrorCode, LargeTensor, OutOfMemoryDetails, TorchwrightErrorOptions } from "./errors";
export { libtorchInfo, useLibtorch } from "./native/load";

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
export type { Layout, MemoryFormat, Reduction, Scalar } from "./tensor/operators.generated";
export { ops } from "./tensor/ops";
export type { IndexArray, TensorIndex } from "./tensor/read-index";
export { keep, scope } from "./tensor/scope";

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

export { AdamW } from "./optim/adamw";
export type { AdamWOptions } from "./optim/adamw";
export { clipGradNorm } from "./optim/clip-grad-norm";
export type { ClipOptions } from "./optim/clip-grad-norm";
export { decayGroups } from "./optim/decay-groups";
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
export type { ParamGroup } from "./optim/optimizer";

export { AutoTokenizer } from "./text/auto-tokenizer";
export { trainWordPiece } from "./text/train-wordpiece";
export type { WordPieceOptions } from "./text/train-wordpiece";
export type { DecodeOptions, EncodeOptions, Encoding, TextInput, Tokenizer, Truncation } from "./text/tokenizer";

export type { Batch } from "./data/batch";
export type { PreparedBatch } from "./data/collate";
export { DataLoader } from "./data/data-loader";
export type { DataLoaderOptions, EpochOptions } from "./data/data-loader";
export { Dataset } from "./data/dataset";
export type { CacheOptions } from "./data/encoding-cache";
export { nearDuplicateGroups } from "./data/duplicates/near-duplicates";
export type { NearDuplicateOptions } from "./data/duplicates/near-duplicates";
export type { Shingle } from "./data/duplicates/shingles";
export type { Example, ExampleInput, Label } from "./data/example";
export { inspect } from "./data/inspect/inspect";
export type { InspectOptions } from "./data/inspect/inspect";
export type { Inspectable, InspectionInput } from "./data/inspect/inspectable";
export { Inspection } from "./data/inspect/inspection";
export type {
  Bin, ClassShare, ContradictionReport, DamageKind, Distribution, DuplicateReport, Finding, GroupExample, InspectionReport, LabelReport,
  LengthReport, NearDuplicateReport, RowExample, RowReference, SplitReport, TruncationCount,
} from "./data/inspect/report";
export { IterableDataset } from "./data/iterable-dataset";
export type { BufferedShuffleOptions } from "./data/iterable-dataset";
export type { Distributed } from "./data/loading/plan";
export type { CollateInput } from "./data/loading/prepare";
export type { LoaderState } from "./data/loading/state";
export type { LoaderStats } from "./data/loading/stats";
export type { ShuffleOptions } from "./data/map-dataset";
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

export { loadTextClassifier } from "./models/auto-classifier";
export type { BertConfig } from "./models/bert-config";
export { BertForSequenceClassification } from "./models/bert-for-sequence-classification";
export type { FromConfigOptions, FromPretrainedOptions } from "./models/bert-for-sequence-classification";
export type { LoadingReport } from "./models/bert-weights";
export type { ModelInputs, ModelOutput, SaveOptions, TextClassifier } from "./models/model";
export { ModuleClassifier } from "./models/module-classifier";
export type { ClassifierModule } from "./models/module-classifier";
export { loadSafetensors, saveSafetensors } from "./models/state-file";
export { ScriptClassifier } from "./models/script-classifier";

export { accuracy, classificationReport, confusionMatrix, precisionRecallF1 } from "./metrics/classification";
export type { ClassificationReport, ClassIds, ClassNames } from "./metrics/classification";
export type { Scores } from "./metrics/class-scores";
export { ConfusionMatrix } from "./metrics/confusion-matrix";
export type { ClassReport, Confusion, MetricSummary } from "./metrics/confusion-matrix";

export type { Evaluation } from "./train/evaluation";
export type { CheckpointEntry, EvaluationEntry, History, LogEntry, ResumeEntry, StepEntry, StoppedBy, TrainerCallback, TrainerEvent } from "./train/events";
export type { Best } from "./train/best-model";
export type { BestMetric, EvalStrategy, Precision, ProgressMode, SaveStrategy, TrainerOptions } from "./train/options";
export type { Predictions } from "./train/predictions";
export type { NonFinitePolicy } from "./train/step-monitor";
export { Trainer } from "./train/trainer";
export type { FitOptions } from "./train/trainer";

export { Classifier } from "./predict/classifier";
export type { ClassifierOptions, Prediction, PredictOptions } from "./predict/classifier";
export type { LabelProbability } from "./predict/rank";
