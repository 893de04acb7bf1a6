// Steps for each primitive that is not point-wise.
#pragma once

#include "compiler.h"

namespace residua {

using Lowering = void (*)(Compiler& compiler, int id);

// The lowering of a primitive; null where there is none.
Lowering loweringOf(const std::string& primitive);
// Names of all primitives that can be lowered.
std::vector<std::string> loweredPrimitives();

void lowerConvolution(Compiler& compiler, int id);
void lowerConvolutionInputGradient(Compiler& compiler, int id);
void lowerConvolutionWeightGradient(Compiler& compiler, int id);
void lowerProduct(Compiler& compiler, int id);

}  // namespace residua
