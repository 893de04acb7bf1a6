// Winograd's convolutions of native/ against oneDNN's direct ones, in turn, in one process: least times and errors against fp64.
#include <omp.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "../../native/library_step.h"
#include "../../native/onednn_versions.h"
#include "../../native/vector_math.h"
#include "../../native/winograd_plan.h"

using namespace residua;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

struct Memory {
  explicit Memory(std::size_t size) : bytes(size), data(static_cast<std::byte*>(std::aligned_alloc(kLargePage, (size + kLargePage - 1) / kLargePage * kLargePage))) {
#ifdef __linux__
    madvise(data, (size + kLargePage - 1) / kLargePage * kLargePage, MADV_HUGEPAGE);
#endif
    std::memset(data, 0, bytes);
  }
  ~Memory() { std::free(data); }
  Memory(const Memory&) = delete;
  template <class T>
  T* as() { return reinterpret_cast<T*>(data); }
  std::size_t bytes;
  std::byte* data;
};

std::vector<float> draw(Index count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

// As stored, and as read back.
void put(Memory& to, std::vector<float>& values, Storage storage) {
  const int n = static_cast<int>(values.size());
  if (storage == Storage::f32) {
    std::memcpy(to.data, values.data(), values.size() * sizeof(float));
  } else {
    narrowBf16(to.as<std::uint16_t>(), values.data(), n);
    widenBf16(values.data(), to.as<std::uint16_t>(), n);
  }
}

std::vector<float> get(Memory& from, Index count, Storage storage) {
  std::vector<float> values(static_cast<std::size_t>(count));
  if (storage == Storage::f32) std::memcpy(values.data(), from.data, values.size() * sizeof(float));
  else widenBf16(values.data(), from.as<std::uint16_t>(), static_cast<int>(count));
  return values;
}

// Processor time where there is one thread, so that others' work does not count; else time.
double now() {
  if (omp_get_max_threads() > 1) return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double least(const std::function<void()>& run, int rounds) {
  double best = 1e9;
  for (int i = 0; i < rounds; i++) {
    const double start = now();
    run();
    best = std::min(best, now() - start);
  }
  return best;
}

// A primitive with its memories.
struct Library {
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> memories;
  void run() {
    static dnnl::stream stream(processor());
    primitive.execute(stream, memories);
    stream.wait();
  }
};

dnnl::memory reordered(dnnl::memory from, const dnnl::memory::desc& to) {
  dnnl::memory result(to, processor());
  dnnl::stream stream(processor());
  dnnl::reorder(from, result).execute(stream, from, result);
  stream.wait();
  return result;
}

double errorOf(const std::vector<float>& found, const std::vector<double>& expected, const std::vector<Index>& where) {
  double squares = 0, total = 0;
  for (std::size_t i = 0; i < where.size(); i++) {
    const double difference = found[static_cast<std::size_t>(where[i])] - expected[i];
    squares += difference * difference;
    total += expected[i] * expected[i];
  }
  return std::sqrt(squares / total);
}

void measure(Index samples, Index inputs, Index outputs, Shape size, Storage storage, int rounds, const std::string& only) {
  const Shape xShape = {samples, inputs, size[0], size[1], size[2]}, yShape = {samples, outputs, size[0], size[1], size[2]};
  const Shape wShape = {outputs, inputs, 3, 3, 3};
  const winograd::Geometry g = winograd::geometryOf(xShape, yShape);
  const auto* kernels = storage == Storage::f32 ? winograd::kernelsF32() : winograd::kernelsBf16();
  const Index xCount = elementCount(xShape), yCount = elementCount(yShape), wCount = elementCount(wShape);
  auto xs = draw(xCount, 1), ys = draw(yCount, 2), ws = draw(wCount, 3);
  Memory x(xCount * storageSize(storage)), dy(yCount * storageSize(storage)), y(yCount * storageSize(storage)),
      dx(xCount * storageSize(storage)), dw(wCount * 4), u(64 * inputs * outputs * storageSize(storage));
  put(x, xs, storage);
  put(dy, ys, storage);
  const int threads = omp_get_max_threads();

  const auto parallel = [&](Index count, std::size_t scratchBytes, const std::function<void(Index, void*)>& run) {
    static std::vector<std::unique_ptr<Memory>> scratch(64);
#pragma omp parallel num_threads(threads)
    {
      auto& own = scratch[omp_get_thread_num()];
      if (!own || own->bytes < scratchBytes) own = std::make_unique<Memory>(scratchBytes);
#pragma omp for schedule(dynamic)
      for (Index i = 0; i < count; i++) run(i, own->data);
    }
  };
  const auto transform = [&](bool isBackward) {
    winograd::WeightTransform t{inputs, outputs, ws.data(), 27, inputs * 27, false, u.data};
    if (isBackward) t = {outputs, inputs, ws.data(), inputs * 27, 27, true, u.data};
    parallel((t.outputs + 31) / 32, 64, [&](Index i, void*) { kernels->transformWeights(t, i); });
  };
  const auto convolve = [&](bool isBackward) {
    winograd::Geometry geometry = isBackward ? winograd::geometryOf(yShape, xShape) : g;
    winograd::Convolution c{geometry, isBackward ? dy.data : x.data, u.data, isBackward ? dx.data : y.data, false,
                            winograd::convolutionBlock(geometry, storage)};
    parallel(winograd::convolutionBlocks(c), kernels->convolutionScratch(c),
             [&](Index i, void* s) { kernels->convolve(c, i, s); });
  };
  winograd::WeightGradient wg{};
  wg.geometry = g;
  wg.x = x.data;
  wg.dy = dy.data;
  wg.dw = dw.as<float>();
  winograd::planWeightGradient(wg, storage);
  Memory sums(winograd::weightGradientSums(wg));
  wg.sums = sums.as<float>();
  const auto weightGradient = [&] {
    parallel(winograd::weightGradientTasks(wg), kernels->weightGradientScratch(wg),
             [&](Index i, void* s) { kernels->sumWeightGradient(wg, i, s); });
    parallel(inputs, 64, [&](Index i, void*) { kernels->finishWeightGradient(wg, i); });
  };

  // The library's.
  const auto last = [&](const Shape& shape, Storage s) { return describe(View{0, 0, shape, channelsLastStrides(shape)}, s); };
  const auto any = [&](const Shape& shape, Storage s) {
    return dnnl::memory::desc(shape, dataTypeOf(s), dnnl::memory::format_tag::any);
  };
  const onednn::ConvolutionShape shape{last(xShape, storage), any(wShape, storage), last(yShape, storage), {1, 1, 1}, {1, 1, 1}};
  const onednn::ConvolutionShape wideShape{last(xShape, storage), any(wShape, Storage::f32), last(yShape, storage), {1, 1, 1}, {1, 1, 1}};
  const auto forward = onednn::forward(processor(), shape, {});
  const auto backward = onednn::inputGradient(processor(), shape, {}, forward);
  const auto gradient = onednn::weightGradient(processor(), wideShape, {}, forward);
  Memory y2(y.bytes), dx2(dx.bytes);
  const auto at = [&](const dnnl::memory::desc& d, Memory& m) { return dnnl::memory(d, processor(), m.data); };
  const dnnl::memory plain(describe(View{0, 0, wShape, plainStrides(wShape)}, Storage::f32), processor(), ws.data());
  dnnl::memory dw2(gradient.diff_weights_desc(), processor());
  Library libraries[3] = {
      {dnnl::convolution_forward(forward),
       {{DNNL_ARG_SRC, at(forward.src_desc(), x)},
        {DNNL_ARG_WEIGHTS, reordered(plain, forward.weights_desc())},
        {DNNL_ARG_DST, at(forward.dst_desc(), y2)}}},
      {dnnl::convolution_backward_data(backward),
       {{DNNL_ARG_DIFF_DST, at(backward.diff_dst_desc(), dy)},
        {DNNL_ARG_WEIGHTS, reordered(plain, backward.weights_desc())},
        {DNNL_ARG_DIFF_SRC, at(backward.diff_src_desc(), dx2)}}},
      {dnnl::convolution_backward_weights(gradient),
       {{DNNL_ARG_SRC, at(gradient.src_desc(), x)},
        {DNNL_ARG_DIFF_DST, at(gradient.diff_dst_desc(), dy)},
        {DNNL_ARG_DIFF_WEIGHTS, dw2}}},
  };

  const double flops = 2.0 * 27 * inputs * outputs * samples * size[0] * size[1] * size[2];
  const char* names[3] = {"forward", "inputGradient", "weightGradient"};
  for (int kind = 0; kind < 3; kind++) {
    if (!only.empty() && only != names[kind]) continue;
    double ours = 1e9, theirs = 1e9, weights = 1e9;
    for (int round = 0; round < rounds; round++) {
      if (kind < 2) weights = std::min(weights, least([&] { transform(kind == 1); }, 1));
      else weights = 0;
      ours = std::min(ours, least([&] { kind < 2 ? convolve(kind == 1) : weightGradient(); }, 1));
      theirs = std::min(theirs, least([&] { libraries[kind].run(); }, 1));
    }
    // Some elements by definition in fp64.
    std::mt19937 random(7);
    std::vector<Index> where;
    std::vector<double> expected;
    const Index many = 200;
    const auto voxelAt = [&](Index n, Index d, Index h, Index w) { return ((n * size[0] + d) * size[1] + h) * size[2] + w; };
    const auto inside = [&](Index d, Index h, Index w) { return d >= 0 && d < size[0] && h >= 0 && h < size[1] && w >= 0 && w < size[2]; };
    const Index count = kind == 0 ? yCount : kind == 1 ? xCount : wCount, made = kind == 0 ? outputs : inputs;
    for (Index i = 0; i < (kind == 2 ? 20 : many); i++) {
      const Index index = static_cast<Index>(random() % static_cast<std::uint64_t>(count));
      double sum = 0;
      if (kind < 2) {
        const Index c = index % made;
        Index v = index / made;
        const Index w = v % size[2], h = v / size[2] % size[1], d = v / size[2] / size[1] % size[0], n = v / size[2] / size[1] / size[0];
        for (int k = 0; k < 27; k++) {
          const Index sign = kind == 0 ? 1 : -1;
          const Index dd = d + sign * (k / 9 - 1), hh = h + sign * (k / 3 % 3 - 1), ww = w + sign * (k % 3 - 1);
          if (!inside(dd, hh, ww)) continue;
          for (Index o = 0; o < (kind == 0 ? inputs : outputs); o++) {
            if (kind == 0) sum += double(xs[voxelAt(n, dd, hh, ww) * inputs + o]) * ws[(c * inputs + o) * 27 + k];
            else sum += double(ys[voxelAt(n, dd, hh, ww) * outputs + o]) * ws[(o * inputs + c) * 27 + k];
          }
        }
      } else {
        const Index k = index % 27, in = index / 27 % inputs, out = index / 27 / inputs;
        for (Index n = 0; n < samples; n++)
          for (Index d = 0; d < size[0]; d++)
            for (Index h = 0; h < size[1]; h++)
              for (Index w = 0; w < size[2]; w++) {
                const Index dd = d + k / 9 - 1, hh = h + k / 3 % 3 - 1, ww = w + k % 3 - 1;
                if (inside(dd, hh, ww))
                  sum += double(xs[voxelAt(n, dd, hh, ww) * inputs + in]) * ys[voxelAt(n, d, h, w) * outputs + out];
              }
      }
      where.push_back(index);
      expected.push_back(sum);
    }
    const Storage stored = kind == 2 ? Storage::f32 : storage;
    Memory& mine = kind == 0 ? y : kind == 1 ? dx : dw;
    const double ourError = errorOf(get(mine, count, stored), expected, where);
    std::vector<float> direct;
    if (kind < 2) {
      direct = get(kind == 0 ? y2 : dx2, count, stored);
    } else {
      auto out = reordered(dw2, plain.get_desc());
      const auto* values = static_cast<const float*>(out.get_data_handle());
      direct.assign(values, values + wCount);
    }
    const double directError = errorOf(direct, expected, where);
    std::printf("%-4s %ldx%ldx%ld b%ld %3ld->%-3ld %-14s direct %7.2f ms (%4.0f GF/s)  winograd %7.2f ms + weights %5.2f  gain %.2f  error %.2e vs %.2e (%.2f)\n",
                storage == Storage::f32 ? "fp32" : "bf16", long(size[0]), long(size[1]), long(size[2]), long(samples), long(inputs),
                long(outputs), names[kind], theirs * 1e3, flops / theirs / 1e9, ours * 1e3, weights * 1e3,
                theirs / (ours + weights), ourError, directError, ourError / directError);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 8;
  const std::string precision = argc > 2 ? argv[2] : "both", only = argc > 3 ? argv[3] : "";
  const std::string which = argc > 4 ? argv[4] : "all";
  struct Row { Index samples, inputs, outputs; Shape size; };
  const std::vector<Row> rows = {
      {2, 32, 32, {64, 64, 64}}, {2, 64, 32, {64, 64, 64}}, {2, 64, 64, {32, 32, 32}}, {2, 128, 64, {32, 32, 32}},
      {2, 128, 128, {16, 16, 16}}, {2, 256, 128, {16, 16, 16}}, {2, 256, 256, {8, 8, 8}}, {2, 512, 256, {8, 8, 8}},
      {2, 320, 320, {4, 4, 4}}, {2, 16, 16, {40, 56, 40}}, {1, 48, 80, {7, 9, 11}}};
  for (std::size_t i = 0; i < rows.size(); i++) {
    if (which != "all" && std::to_string(i) != which) continue;
    const auto& row = rows[i];
    for (Storage storage : {Storage::bf16, Storage::f32}) {
      if (precision != "both" && (precision == "bf16") != (storage == Storage::bf16)) continue;
      measure(row.samples, row.inputs, row.outputs, row.size, storage, rounds, only);
    }
  }
}
