#include "kernel_step.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace residua {
namespace {

// Below this many numbers a second thread costs more than it gains.
constexpr Index kParallelFrom = 8192;
// Reductions are cut into parts until there are this many pieces of work. The number does not depend on that of the threads, so that
// sums come out the same with any.
constexpr Index kPieces = 64;

Index blocksOf(Index size, Index block) { return (size + block - 1) / block; }

Index product(const std::vector<Axis>& axes) {
  Index count = 1;
  for (const auto& axis : axes) count *= axis.size;
  return count;
}

// Adds to each offset where the flat position `index` of the axes is.
void advance(std::vector<Index>& offsets, const std::vector<Axis>& axes, Index index) {
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Index position = index % axes[i].size;
    index /= axes[i].size;
    if (position == 0) continue;
    for (std::size_t access = 0; access < offsets.size(); access++) {
      offsets[access] += position * axes[i].strides[access];
    }
  }
}

const float kNothing[1] = {};

}  // namespace

struct KernelStep::Tile {
  // One per access.
  std::vector<Index> offsets;
  int rows = 0, columns = 0;
  int size() const { return rows * columns; }
};

struct KernelStep::Registers {
  Registers(int count, std::size_t leaves)
      : numbers(static_cast<std::size_t>(count) * kTileSize), loaded(leaves, INT64_MIN) {}
  float* at(int place) { return numbers.data() + static_cast<std::size_t>(place) * kTileSize; }

  std::vector<float> numbers;
  // Offset from which a leaf that does not vary everywhere was read last.
  std::vector<Index> loaded;
  int rows = -1, columns = -1;
};

KernelStep::KernelStep(Kernel kernel) : kernel_(std::move(kernel)), iteration_(planIteration(kernel_)) {
  allocateRegisters();
}

void KernelStep::allocateRegisters() {
  const auto& terms = kernel_.terms;
  std::vector<int> lastUse(terms.size(), -1);
  std::vector<bool> isPinned(terms.size(), false);
  const int end = static_cast<int>(terms.size());
  for (int i = 0; i < end; i++) {
    const Term& term = terms[i];
    if (term.kind == Term::Kind::constant) {
      isPinned[i] = true;
    } else if (term.kind == Term::Kind::leaf) {
      const View& view = kernel_.leaves[term.leaf].view;
      for (std::size_t axis = 0; axis < kernel_.domain.size(); axis++) {
        if (kernel_.domain[axis] > 1 && view.strides[axis] == 0) isPinned[i] = true;
      }
    } else {
      isPinned[i] = true;
      for (int operand : term.operands) {
        if (operand < 0) continue;
        lastUse[operand] = i;
        if (!isPinned[operand]) isPinned[i] = false;
      }
    }
  }
  for (const auto& store : kernel_.stores) lastUse[store.term] = end;
  for (const auto& reduction : kernel_.reductions) lastUse[reduction.term] = end;

  places_.assign(terms.size(), -1);
  std::vector<int> free;
  for (int i = 0; i < end; i++) {
    const Term& term = terms[i];
    Instruction instruction{i, -1, {-1, -1, -1}, isPinned[i]};
    for (int k = 0; k < 3; k++) {
      const int operand = term.operands[k];
      if (operand < 0) continue;
      instruction.operands[k] = places_[operand];
    }
    for (int k = 0; k < 3; k++) {
      const int operand = term.operands[k];
      const bool seen = std::find(term.operands, term.operands + k, operand) != term.operands + k;
      if (operand >= 0 && !seen && !isPinned[operand] && lastUse[operand] == i) free.push_back(places_[operand]);
    }
    if (!isPinned[i] && !free.empty()) {
      places_[i] = free.back();
      free.pop_back();
    } else {
      places_[i] = registerCount_++;
    }
    instruction.result = places_[i];
    instructions_.push_back(instruction);
  }
}

std::string KernelStep::label() const {
  return "kernel of " + std::to_string(kernel_.terms.size()) + " terms over " +
         std::to_string(elementCount(kernel_.domain));
}

std::vector<int> KernelStep::reads() const {
  std::vector<int> buffers;
  for (const auto& leaf : kernel_.leaves) buffers.push_back(leaf.view.buffer);
  return buffers;
}

std::vector<int> KernelStep::writes() const {
  std::vector<int> buffers;
  for (const auto& store : kernel_.stores) buffers.push_back(store.to.view.buffer);
  for (const auto& reduction : kernel_.reductions) buffers.push_back(reduction.to.view.buffer);
  return buffers;
}

void KernelStep::redirect(int from, int to) {
  for (auto& store : kernel_.stores) {
    if (store.to.view.buffer == from) store.to.view.buffer = to;
  }
}

void KernelStep::bind(const Pointers& pointers) {
  bases_.clear();
  const auto add = [&](const Access& access) {
    bases_.push_back(pointers.at(access.view.buffer) + access.view.offset * static_cast<Index>(storageSize(access.storage)));
  };
  for (const auto& leaf : kernel_.leaves) add(leaf);
  for (const auto& store : kernel_.stores) add(store.to);
  for (const auto& reduction : kernel_.reductions) add(reduction.to);
}

void KernelStep::load(int leaf, float* to, const Tile& tile) const {
  const Index offset = tile.offsets[leaf];
  const Index rowStride = iteration_.rows.strides[leaf], columnStride = iteration_.columns.strides[leaf];
  const Storage storage = kernel_.leaves[leaf].storage;
  const std::byte* base = bases_[leaf];
  const int rows = tile.rows, columns = tile.columns;

  const auto copyRow = [&](float* target, Index start, int n) {
    if (storage == Storage::f32) {
      std::copy_n(reinterpret_cast<const float*>(base) + start, n, target);
    } else if (storage == Storage::bf16) {
      widenBf16(target, reinterpret_cast<const std::uint16_t*>(base) + start, n);
    } else {
      widenI32(target, reinterpret_cast<const std::int32_t*>(base) + start, n);
    }
  };
  const auto number = [&](Index at) {
    float value;
    copyRow(&value, at, 1);
    return value;
  };

  const bool areRowsJoined = rows == 1 || rowStride == columns;
  if ((columnStride == 1 || columns == 1) && areRowsJoined) return copyRow(to, offset, tile.size());
  for (int row = 0; row < rows; row++, to += columns) {
    const Index start = offset + row * rowStride;
    if (row > 0 && rowStride == 0) {
      std::copy_n(to - columns, columns, to);
    } else if (columnStride == 1 || columns == 1) {
      copyRow(to, start, columns);
    } else if (columnStride == 0) {
      std::fill_n(to, columns, number(start));
    } else {
      for (int column = 0; column < columns; column++) to[column] = number(start + column * columnStride);
    }
  }
}

void KernelStep::evaluate(Registers& registers, const Tile& tile) const {
  const bool isNewSize = registers.rows != tile.rows || registers.columns != tile.columns;
  registers.rows = tile.rows;
  registers.columns = tile.columns;
  bool hasChanged = isNewSize;
  const int n = tile.size();
  for (const auto& instruction : instructions_) {
    const Term& term = kernel_.terms[instruction.term];
    float* result = registers.at(instruction.result);
    switch (term.kind) {
      case Term::Kind::constant:
        if (isNewSize) std::fill_n(result, n, term.value);
        break;
      case Term::Kind::leaf:
        if (instruction.isInvariant) {
          Index& loaded = registers.loaded[term.leaf];
          if (!isNewSize && loaded == tile.offsets[term.leaf]) break;
          loaded = tile.offsets[term.leaf];
          hasChanged = true;
        }
        load(term.leaf, result, tile);
        break;
      case Term::Kind::operation: {
        if (instruction.isInvariant && !hasChanged) break;
        const float* operands[3];
        for (int k = 0; k < 3; k++) {
          operands[k] = instruction.operands[k] < 0 ? kNothing : registers.at(instruction.operands[k]);
        }
        apply(term.operation, result, operands[0], operands[1], operands[2], term.value, n);
        break;
      }
    }
  }
}

void KernelStep::store(const float* from, const Store& store, std::size_t access, const Tile& tile) const {
  std::byte* base = bases_[access];
  const Index offset = tile.offsets[access];
  const Index rowStride = iteration_.rows.strides[access], columnStride = iteration_.columns.strides[access];
  const bool isHalf = store.to.storage == Storage::bf16;
  const auto copyRow = [&](Index start, const float* source, int n) {
    if (isHalf) {
      narrowBf16(reinterpret_cast<std::uint16_t*>(base) + start, source, n);
    } else {
      std::copy_n(source, n, reinterpret_cast<float*>(base) + start);
    }
  };
  const bool areRowsJoined = tile.rows == 1 || rowStride == tile.columns;
  if ((columnStride == 1 || tile.columns == 1) && areRowsJoined) return copyRow(offset, from, tile.size());
  for (int row = 0; row < tile.rows; row++, from += tile.columns) {
    const Index start = offset + row * rowStride;
    if (columnStride == 1 || tile.columns == 1) {
      copyRow(start, from, tile.columns);
    } else {
      for (int column = 0; column < tile.columns; column++) copyRow(start + column * columnStride, from + column, 1);
    }
  }
}

void KernelStep::finish(std::size_t access, const double* totals, const Tile& tile) const {
  const int rows = iteration_.rows.reduced ? 1 : tile.rows;
  const int columns = iteration_.columns.reduced ? 1 : tile.columns;
  float* base = reinterpret_cast<float*>(bases_[access]) + tile.offsets[access];
  const Index rowStride = iteration_.rows.strides[access], columnStride = iteration_.columns.strides[access];
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      base[row * rowStride + column * columnStride] = static_cast<float>(totals[row * columns + column]);
    }
  }
}

namespace {

double combine(Reducer reducer, double a, double b) {
  if (reducer == Reducer::sum) return a + b;
  return (a > b) || (a != a) ? a : b;
}

// Reduces a tile along its rows, columns or both into `partial`; returns how many numbers that leaves.
int reduceTile(Reducer reducer, const float* values, int rows, int columns, bool overRows, bool overColumns,
               float* partial) {
  const bool isSum = reducer == Reducer::sum;
  if (overRows && overColumns) {
    partial[0] = isSum ? sumOf(values, rows * columns) : largestOf(values, rows * columns);
    return 1;
  }
  if (overColumns) {
    for (int row = 0; row < rows; row++) {
      const float* start = values + row * columns;
      partial[row] = isSum ? sumOf(start, columns) : largestOf(start, columns);
    }
    return rows;
  }
  if (overRows) {
    std::copy_n(values, columns, partial);
    for (int row = 1; row < rows; row++) {
      (isSum ? accumulate : accumulateLargest)(partial, values + row * columns, columns);
    }
    return columns;
  }
  std::copy_n(values, rows * columns, partial);
  return rows * columns;
}

}  // namespace

void KernelStep::run() {
  const auto& [kept, reducedAxes, rows, columns, tileRows, tileColumns] = iteration_;
  const Index rowBlocks = blocksOf(rows.size, tileRows), columnBlocks = blocksOf(columns.size, tileColumns);
  const Index keptRows = rows.reduced ? 1 : rowBlocks, keptColumns = columns.reduced ? 1 : columnBlocks;
  const Index reducedRows = rows.reduced ? rowBlocks : 1, reducedColumns = columns.reduced ? columnBlocks : 1;
  const Index tasks = product(kept) * keptRows * keptColumns;
  const Index length = product(reducedAxes) * reducedRows * reducedColumns;
  const Index parts = tasks >= kPieces / 2 ? 1 : std::min(length, blocksOf(kPieces, tasks));
  const Index partLength = blocksOf(length, parts);

  const std::size_t reductions = kernel_.reductions.size();
  const std::size_t firstStore = kernel_.leaves.size(), firstReduction = firstStore + kernel_.stores.size();
  const std::size_t accesses = firstReduction + reductions;
  const Index width = (rows.reduced ? 1 : tileRows) * (columns.reduced ? 1 : tileColumns);
  std::vector<double> shared(parts > 1 ? static_cast<std::size_t>(tasks * parts * width) * reductions : 0);

  // The tile of a task (kept position) and of a position along the reduction.
  const auto place = [&](Tile& tile, Index task, Index position) {
    tile.offsets.assign(accesses, 0);
    const Index columnBlock = columns.reduced ? position % columnBlocks : task % columnBlocks;
    if (columns.reduced) position /= columnBlocks;
    else task /= columnBlocks;
    const Index rowBlock = rows.reduced ? position % rowBlocks : task % rowBlocks;
    if (rows.reduced) position /= rowBlocks;
    else task /= rowBlocks;
    advance(tile.offsets, kept, task);
    advance(tile.offsets, reducedAxes, position);
    const Index row = rowBlock * tileRows, column = columnBlock * tileColumns;
    for (std::size_t i = 0; i < accesses; i++) {
      tile.offsets[i] += row * rows.strides[i] + column * columns.strides[i];
    }
    tile.rows = static_cast<int>(std::min(tileRows, rows.size - row));
    tile.columns = static_cast<int>(std::min(tileColumns, columns.size - column));
  };

  const Index pieces = tasks * parts;
  const bool isParallel = pieces > 1 && elementCount(kernel_.domain) >= kParallelFrom;
#pragma omp parallel if (isParallel)
  {
    Registers registers(registerCount_, kernel_.leaves.size());
    Tile tile;
    std::vector<double> own(static_cast<std::size_t>(width) * reductions);
    float partial[kTileSize];
#pragma omp for schedule(static)
    for (Index piece = 0; piece < pieces; piece++) {
      const Index task = piece / parts, part = piece % parts;
      double* totals = parts > 1 ? shared.data() + static_cast<std::size_t>(piece * width) * reductions : own.data();
      const Index from = part * partLength, to = std::min(length, from + partLength);
      for (std::size_t r = 0; r < reductions; r++) {
        const bool isSum = kernel_.reductions[r].reducer == Reducer::sum;
        std::fill_n(totals + r * width, width, isSum ? 0.0 : -std::numeric_limits<double>::infinity());
      }
      for (Index position = from; position < to; position++) {
        place(tile, task, position);
        evaluate(registers, tile);
        for (std::size_t s = 0; s < kernel_.stores.size(); s++) {
          const auto& target = kernel_.stores[s];
          store(registers.at(places_[target.term]), target, firstStore + s, tile);
        }
        for (std::size_t r = 0; r < reductions; r++) {
          const auto& reduction = kernel_.reductions[r];
          const int n = reduceTile(reduction.reducer, registers.at(places_[reduction.term]), tile.rows,
                                   tile.columns, rows.reduced, columns.reduced, partial);
          double* mine = totals + r * width;
          if (reduction.reducer == Reducer::sum) {
            for (int i = 0; i < n; i++) mine[i] += partial[i];
          } else {
            for (int i = 0; i < n; i++) mine[i] = combine(Reducer::largest, mine[i], partial[i]);
          }
        }
      }
      if (parts > 1) continue;
      for (std::size_t r = 0; r < reductions; r++) {
        finish(firstReduction + r, totals + r * width, tile);
      }
    }
  }
  if (parts == 1) return;
  Tile tile;
  for (Index task = 0; task < tasks; task++) {
    place(tile, task, 0);
    for (std::size_t r = 0; r < reductions; r++) {
      const auto at = [&](Index part) {
        return shared.data() + (static_cast<std::size_t>((task * parts + part)) * reductions + r) * width;
      };
      double* totals = at(0);
      for (Index part = 1; part < parts; part++) {
        for (Index i = 0; i < width; i++) {
          totals[i] = combine(kernel_.reductions[r].reducer, totals[i], at(part)[i]);
        }
      }
      finish(firstReduction + r, totals, tile);
    }
  }
}

}  // namespace residua
