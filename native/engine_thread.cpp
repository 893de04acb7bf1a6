#include "engine_thread.h"

#include <exception>

namespace residua {

struct EngineThread::Job {
  Job(Napi::Env env, std::function<void()> toDo, std::function<Napi::Value(Napi::Env)> toAnswer)
      : work(std::move(toDo)), result(std::move(toAnswer)), promise(Napi::Promise::Deferred::New(env)) {}

  std::function<void()> work;
  std::function<Napi::Value(Napi::Env)> result;
  Napi::Promise::Deferred promise;
  std::string error;
  bool hasFailed = false;
};

EngineThread::EngineThread(Napi::Env env) {
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  toLoop_ = Napi::ThreadSafeFunction::New(env, nothing, "residua-engine", 0, 1);
  toLoop_.Unref(env);
  thread_ = std::thread([this] { loop(); });
}

EngineThread::~EngineThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    isEnding_ = true;
  }
  hasWork_.notify_one();
  thread_.join();
  toLoop_.Release();
}

Napi::Promise EngineThread::submit(Napi::Env env, std::function<void()> work,
                                   std::function<Napi::Value(Napi::Env)> result) {
  auto job = std::make_unique<Job>(env, std::move(work), std::move(result));
  const Napi::Promise promise = job->promise.Promise();
  if (pending_++ == 0) toLoop_.Ref(env);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  hasWork_.notify_one();
  return promise;
}

void EngineThread::loop() {
  while (true) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      hasWork_.wait(lock, [this] { return isEnding_ || !jobs_.empty(); });
      if (isEnding_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job->work();
    } catch (const std::bad_alloc&) {
      job->error = "out of memory";
      job->hasFailed = true;
    } catch (const std::exception& error) {
      job->error = error.what();
      job->hasFailed = true;
    }
    Job* done = job.release();
    const auto status = toLoop_.BlockingCall(done, [this](Napi::Env env, Napi::Function, Job* finished) {
      const std::unique_ptr<Job> owned(finished);
      if (--pending_ == 0) toLoop_.Unref(env);
      if (owned->hasFailed) owned->promise.Reject(Napi::Error::New(env, owned->error).Value());
      else owned->promise.Resolve(owned->result(env));
    });
    if (status != napi_ok) delete done;
  }
}

}  // namespace residua
