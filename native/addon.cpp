// The add-on's face to JavaScript; src/engine/native/addon.ts has its types.
#include <napi.h>
#include <omp.h>

#include <atomic>
#include <cstring>

#include "compiler.h"
#include "engine_thread.h"
#include "library_step.h"
#include "lowering.h"
#include "parse_graph.h"

namespace residua {
namespace {

struct Handle {
  std::unique_ptr<Program> program;
  int threads;
  // Runs that wait or are under way are to stop; set by the event loop.
  std::atomic<bool> isClosed{false};
};

using Values = std::vector<std::pair<std::string, std::vector<std::uint32_t>>>;

// Copies of typed arrays of 4-byte numbers, by name.
Values copyValues(const Napi::Object& source) {
  Values values;
  const auto names = source.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); i++) {
    const auto name = names.Get(i).As<Napi::String>().Utf8Value();
    const auto array = source.Get(name).As<Napi::TypedArray>();
    const auto* bytes = static_cast<const std::byte*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    std::vector<std::uint32_t> copy(array.ElementLength());
    std::memcpy(copy.data(), bytes, array.ByteLength());
    values.emplace_back(name, std::move(copy));
  }
  return values;
}

Values copyPorts(const std::map<std::string, Port>& ports, const std::function<const float*(const std::string&)>& at) {
  Values values;
  for (const auto& [name, port] : ports) {
    std::vector<std::uint32_t> copy(static_cast<std::size_t>(port.elements));
    std::memcpy(copy.data(), at(name), copy.size() * sizeof(float));
    values.emplace_back(name, std::move(copy));
  }
  return values;
}

Napi::Value toArrays(Napi::Env env, const Values& values) {
  auto result = Napi::Object::New(env);
  for (const auto& [name, numbers] : values) {
    auto array = Napi::Float32Array::New(env, numbers.size());
    std::memcpy(array.Data(), numbers.data(), numbers.size() * sizeof(float));
    result.Set(name, array);
  }
  return result;
}

// { threads, isHalf }
CompileSettings settingsFrom(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  return {options.Get("threads").As<Napi::Number>().Int32Value(), options.Get("isHalf").ToBoolean().Value()};
}

// A compiled graph. All calls are answered in order by the engine's thread.
class NativeProgram : public Napi::ObjectWrap<NativeProgram> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeProgram",
                       {InstanceMethod("setState", &NativeProgram::setState),
                        InstanceMethod("getState", &NativeProgram::getState),
                        InstanceMethod("run", &NativeProgram::run),
                        InstanceMethod("timings", &NativeProgram::timings),
                        InstanceMethod("dispose", &NativeProgram::dispose)});
  }

  explicit NativeProgram(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<NativeProgram>(info),
        thread_(*info[0].As<Napi::External<EngineThread>>().Data()),
        handle_(*info[1].As<Napi::External<std::shared_ptr<Handle>>>().Data()) {}

 private:
  Napi::Value setState(const Napi::CallbackInfo& info) {
    auto values = std::make_shared<Values>(copyValues(info[0].As<Napi::Object>()));
    return thread_.submit(
        info.Env(),
        [handle = handle_, values] {
          for (const auto& [name, numbers] : *values) {
            handle->program->setState(name, reinterpret_cast<const float*>(numbers.data()));
          }
        },
        [](Napi::Env env) { return env.Undefined(); });
  }

  Napi::Value getState(const Napi::CallbackInfo& info) {
    auto values = std::make_shared<Values>();
    return thread_.submit(
        info.Env(),
        [handle = handle_, values] {
          const Program& program = *handle->program;
          *values = copyPorts(program.states(), [&](const std::string& name) { return program.state(name); });
        },
        [values](Napi::Env env) { return toArrays(env, *values); });
  }

  Napi::Value run(const Napi::CallbackInfo& info) {
    auto inputs = std::make_shared<Values>(copyValues(info[0].As<Napi::Object>()));
    auto outputs = std::make_shared<Values>();
    return thread_.submit(
        info.Env(),
        [handle = handle_, inputs, outputs, thread = &thread_] {
          const auto isStopped = [&] { return handle->isClosed || thread->isEnding(); };
          if (isStopped()) throw std::runtime_error("stopped");
          Program& program = *handle->program;
          for (const auto& [name, numbers] : *inputs) program.setInput(name, numbers.data());
          program.run(handle->threads, isStopped);
          *outputs = copyPorts(program.outputs(), [&](const std::string& name) { return program.output(name); });
        },
        [outputs](Napi::Env env) { return toArrays(env, *outputs); });
  }

  // Seconds of all runs so far: { total, convolutions, steps: [[label, seconds], …] }.
  Napi::Value timings(const Napi::CallbackInfo& info) {
    struct Answer {
      Timings timings;
      std::vector<std::pair<std::string, double>> steps;
      std::size_t bytes = 0;
    };
    auto answer = std::make_shared<Answer>();
    return thread_.submit(
        info.Env(),
        [handle = handle_, answer] {
          *answer = {handle->program->timings(), handle->program->profile(), handle->program->memoryBytes()};
        },
        [answer](Napi::Env env) -> Napi::Value {
          auto result = Napi::Object::New(env);
          result.Set("totalSeconds", answer->timings.totalSeconds);
          result.Set("convolutionSeconds", answer->timings.convolutionSeconds);
          result.Set("memoryBytes", static_cast<double>(answer->bytes));
          auto steps = Napi::Array::New(env, answer->steps.size());
          for (std::uint32_t i = 0; i < answer->steps.size(); i++) {
            auto line = Napi::Array::New(env, 2);
            line.Set(0u, answer->steps[i].first);
            line.Set(1u, answer->steps[i].second);
            steps.Set(i, line);
          }
          result.Set("steps", steps);
          return result;
        });
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    handle_->isClosed = true;
    return thread_.submit(info.Env(), [handle = handle_] { handle->program.reset(); },
                          [](Napi::Env env) { return env.Undefined(); });
  }

  EngineThread& thread_;
  std::shared_ptr<Handle> handle_;
};

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports)
      : thread_(env), programClass_(Napi::Persistent(NativeProgram::define(env))) {
    DefineAddon(exports, {InstanceMethod("compile", &Addon::compileGraph),
                          InstanceMethod("plannedBytes", &Addon::planGraph),
                          InstanceMethod("describe", &Addon::describeBuild)});
  }

 private:
  // (graph, { threads, isHalf }) → Promise of a NativeProgram.
  Napi::Value compileGraph(const Napi::CallbackInfo& info) {
    auto graph = std::make_shared<Graph>(parseGraph(info[0].As<Napi::Object>()));
    const CompileSettings settings = settingsFrom(info[1]);
    auto handle = std::make_shared<Handle>();
    handle->threads = settings.threads;
    return thread_.submit(
        info.Env(),
        [graph, handle, settings] {
          // The library divides work among the threads that there are when a primitive is made.
          omp_set_num_threads(handle->threads);
          handle->program = compile(*graph, settings);
        },
        [this, handle](Napi::Env env) mutable -> Napi::Value {
          return programClass_.New(
              {Napi::External<EngineThread>::New(env, &thread_),
               Napi::External<std::shared_ptr<Handle>>::New(env, &handle)});
        });
  }

  // (graph, { threads, isHalf }) → Promise of the bytes that its program would take.
  Napi::Value planGraph(const Napi::CallbackInfo& info) {
    auto graph = std::make_shared<Graph>(parseGraph(info[0].As<Napi::Object>()));
    const CompileSettings settings = settingsFrom(info[1]);
    auto bytes = std::make_shared<std::size_t>(0);
    return thread_.submit(
        info.Env(), [graph, settings, bytes] { *bytes = plannedBytes(*graph, settings); },
        [bytes](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, static_cast<double>(*bytes)); });
  }

  // { primitives, oneDnn, hasBf16, hasAmx }.
  Napi::Value describeBuild(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto result = Napi::Object::New(env);
    const auto names = loweredPrimitives();
    auto primitives = Napi::Array::New(env, names.size());
    for (std::uint32_t i = 0; i < names.size(); i++) primitives.Set(i, names[i]);
    result.Set("primitives", primitives);
    processor();  // Throws where this build of the library finds no processor to run on.
    const dnnl_version_t* version = dnnl_version();
    result.Set("oneDnn", std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                             std::to_string(version->patch));
    const auto isa = static_cast<int>(dnnl::get_effective_cpu_isa());
    const auto bf16 = static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
    result.Set("hasBf16", (isa & bf16) == bf16);
    const auto amx = static_cast<int>(dnnl::cpu_isa::avx512_core_amx);
    result.Set("hasAmx", (isa & amx) == amx);
    return result;
  }

  EngineThread thread_;
  Napi::FunctionReference programClass_;
};

}  // namespace

NODE_API_ADDON(Addon)

}  // namespace residua
