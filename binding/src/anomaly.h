// Anomaly detection that names the JavaScript line of the forward call.
//
// libtorch lets an engine say what a node of the graph remembers about its birth. Ours remembers
// the JavaScript stack of the operator that made the node; it travels with the work to the
// executor.
#pragma once

#include <memory>
#include <string>

namespace torchwright {

using CallStack = std::shared_ptr<const std::string>;

// The JavaScript stack under which this thread works; null unless anomalies are detected.
CallStack CurrentCallStack();
void SetCallStack(CallStack stack);

// Once per process, before any graph is made.
void InstallEngine();

// Anomaly detection is the process's, as in PyTorch: on while any environment asks for it.
void CountAnomalyScopes(int change, bool check_nan);

}  // namespace torchwright
