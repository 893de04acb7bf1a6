// Reads a graph from the plain data of src/graph/graph.ts.
#pragma once

#include <napi.h>

#include "graph.h"

namespace residua {

// Throws Napi::Error where the data are not a graph.
Graph parseGraph(const Napi::Object& graph);

}  // namespace residua
