// The one thread on which graphs are compiled and run, so that the event loop stays free and all work has one team of threads.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace residua {

class EngineThread {
 public:
  explicit EngineThread(Napi::Env env);
  // Finishes the job that is under way; those that wait are dropped.
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  // Does `work` on the thread, then makes the promise's value on the event loop. Jobs are done in the order in which they come. An
  // exception of `work` rejects the promise.
  Napi::Promise submit(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> result);

 private:
  struct Job;

  void loop();

  // Calls back onto the event loop; it keeps the process alive only while jobs are under way.
  Napi::ThreadSafeFunction toLoop_;
  int pending_ = 0;  // event loop only
  std::mutex mutex_;
  std::condition_variable hasWork_;
  std::deque<std::unique_ptr<Job>> jobs_;
  bool isEnding_ = false;
  std::thread thread_;
};

}  // namespace residua
