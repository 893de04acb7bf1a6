// The one thread on which graphs are compiled and run, so that the event loop stays free and all work has one team of threads.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

namespace residua {

class EngineThread {
 public:
  explicit EngineThread(Napi::Env env);
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  // Whether the process is ending: then work that takes long stops as soon as it can.
  bool isEnding() const;

  // Does `work` on the thread, then makes the promise's value on the event loop. Jobs are done in the order in which they come. An
  // exception of `work` rejects the promise.
  Napi::Promise submit(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> result);

 private:
  struct Job;
  struct Worker;

  // Calls back onto the event loop; it keeps the process alive only while jobs are under way.
  Napi::ThreadSafeFunction toLoop_;
  int pending_ = 0;  // event loop only
  std::shared_ptr<Worker> worker_;
};

}  // namespace residua
