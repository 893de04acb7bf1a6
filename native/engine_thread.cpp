#include "engine_thread.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

namespace residua {

struct EngineThread::Job {
  Job(Napi::Env env, std::function<void()> toDo, std::function<Napi::Value(Napi::Env)> toAnswer)
      : work(std::move(toDo)), result(std::move(toAnswer)), promise(Napi::Promise::Deferred::New(env)) {}

  std::function<void()> work;
  std::function<Napi::Value(Napi::Env)> result;
  Napi::Promise::Deferred promise;
  std::string error;
  bool hasFailed = false;

  void attempt() {
    try {
      work();
    } catch (const std::bad_alloc&) {
      error = "out of memory";
      hasFailed = true;
    } catch (const std::exception& exception) {
      error = exception.what();
      hasFailed = true;
    }
  }

  void answer(Napi::Env env) {
    if (hasFailed) promise.Reject(Napi::Error::New(env, error).Value());
    else promise.Resolve(result(env));
  }
};

struct EngineThread::Worker {
  std::mutex mutex;
  std::condition_variable hasWork;
  std::deque<std::unique_ptr<Job>> jobs;
  std::atomic<bool> isEnding{false};
  std::thread thread;

  // Waits for the job that is under way, which may stop early; those that wait are dropped.
  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      isEnding = true;
    }
    hasWork.notify_one();
    if (thread.joinable()) thread.join();
  }

  // The next job; none when the thread is to end.
  std::unique_ptr<Job> next() {
    std::unique_lock<std::mutex> lock(mutex);
    hasWork.wait(lock, [this] { return isEnding || !jobs.empty(); });
    if (isEnding) return nullptr;
    auto job = std::move(jobs.front());
    jobs.pop_front();
    return job;
  }
};

EngineThread::EngineThread(Napi::Env env) : worker_(std::make_shared<Worker>()) {
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  // Node ends the way back to the event loop before it ends us; by then nobody may use it any more.
  toLoop_ = Napi::ThreadSafeFunction::New(env, nothing, "residua-engine", 0, 1,
                                          [worker = worker_](Napi::Env) { worker->stop(); });
  toLoop_.Unref(env);
  worker_->thread = std::thread([this] {
    while (auto job = worker_->next()) {
      job->attempt();
      Job* done = job.release();
      const auto status = toLoop_.BlockingCall(done, [this](Napi::Env loopEnv, Napi::Function, Job* finished) {
        const std::unique_ptr<Job> owned(finished);
        if (--pending_ == 0) toLoop_.Unref(loopEnv);
        owned->answer(loopEnv);
      });
      if (status != napi_ok) delete done;
    }
  });
}

EngineThread::~EngineThread() { worker_->stop(); }

bool EngineThread::isEnding() const { return worker_->isEnding; }

Napi::Promise EngineThread::submit(Napi::Env env, std::function<void()> work,
                                   std::function<Napi::Value(Napi::Env)> result) {
  auto job = std::make_unique<Job>(env, std::move(work), std::move(result));
  const Napi::Promise promise = job->promise.Promise();
  if (pending_++ == 0) toLoop_.Ref(env);
  {
    const std::lock_guard<std::mutex> lock(worker_->mutex);
    worker_->jobs.push_back(std::move(job));
  }
  worker_->hasWork.notify_one();
  return promise;
}

}  // namespace residua
