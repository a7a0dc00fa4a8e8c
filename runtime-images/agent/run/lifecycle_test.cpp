#include "runtime-images/agent/run/lifecycle.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime-images/agent/run/engine_command.hpp"
#include "runtime-images/agent/run/engine_log.hpp"
#include "runtime-images/agent/run/exit_report.hpp"
#include "runtime-images/agent/run/metrics.hpp"
#include "runtime-images/agent/run/request_rules.hpp"

namespace slipway::agent {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{Duration{1'000'000}};
constexpr DrainTimes kTimes{5s, 60s};

Lifecycle ready() {
  Lifecycle life(kTimes);
  life.advance(State::Loading);
  life.advance(State::Warming);
  life.advance(State::Ready);
  return life;
}

TEST(Lifecycle, AcceptsOnlyWhenReady) {
  Lifecycle life(kTimes);
  for (const State state : {State::Loading, State::Warming}) {
    EXPECT_FALSE(life.accepts(kStart));
    EXPECT_FALSE(life.started());
    life.advance(state);
  }
  life.advance(State::Ready);
  EXPECT_TRUE(life.accepts(kStart));
  EXPECT_TRUE(life.ready());
}

TEST(Lifecycle, NeverGoesBack) {
  Lifecycle life = ready();
  life.advance(State::Loading);
  EXPECT_EQ(life.state(), State::Ready);
  life.terminate(kStart);
  life.advance(State::Ready);
  EXPECT_EQ(life.state(), State::Draining);
}

TEST(Lifecycle, StopsAtOnceBeforeItWasReady) {
  Lifecycle life(kTimes);
  life.advance(State::Loading);
  life.terminate(kStart);
  EXPECT_EQ(life.state(), State::Stopped);
}

TEST(Lifecycle, DrainsInSteps) {
  Lifecycle life = ready();
  EXPECT_FALSE(life.drain(kStart, 3).stop_engine);
  life.terminate(kStart);
  EXPECT_FALSE(life.ready());
  EXPECT_TRUE(life.started());
  EXPECT_TRUE(life.accepts(kStart + 4999ms)) << "balancers do not know yet";
  EXPECT_FALSE(life.accepts(kStart + 5s));

  EXPECT_EQ(life.drain(kStart, 0).look_again, kStart + 5s) << "idle, but callers may still come";
  EXPECT_FALSE(life.drain(kStart, 0).stop_engine);
  EXPECT_TRUE(life.drain(kStart + 5s, 0).stop_engine);
  EXPECT_EQ(life.drain(kStart + 5s, 1).look_again, kStart + 55s);
  EXPECT_FALSE(life.drain(kStart + 54s, 1).cut_streams);
  EXPECT_TRUE(life.drain(kStart + 55s, 1).cut_streams);
  EXPECT_TRUE(life.drain(kStart + 55s, 1).stop_engine);
  EXPECT_FALSE(life.drain(kStart + 55s, 0).cut_streams);
}

TEST(Lifecycle, KeepsTheDeadlineOfAShortGrace) {
  Lifecycle life(DrainTimes{5s, 3s});
  for (const State state : {State::Loading, State::Warming, State::Ready}) life.advance(state);
  life.terminate(kStart);
  EXPECT_FALSE(life.accepts(kStart));
  EXPECT_TRUE(life.drain(kStart, 2).cut_streams);
}

TEST(Lifecycle, RemembersTheFirstFailure) {
  Lifecycle life = ready();
  life.fail(refuse("EngineExited", "first").value());
  life.fail(refuse("Other", "second").value());
  life.terminate(kStart);
  life.stopped();
  EXPECT_EQ(life.state(), State::Failed);
  EXPECT_EQ(life.failure()->reason, "EngineExited");
  EXPECT_FALSE(life.accepts(kStart));
}

EngineSettings settings(std::int64_t asked, std::int64_t model, std::int64_t parallel) {
  EngineSettings out;
  out.command = {"/bin/engine", "--flag"};
  out.context_length = asked;
  out.model_context = model;
  out.parallel = parallel;
  return out;
}

TEST(EngineCommand, GivesEverySlotTheWholeContext) {
  EXPECT_EQ(plan_slots(settings(0, 512, 0)), (Slots{4, 2048}));
  EXPECT_EQ(plan_slots(settings(4096, 131'072, 0)), (Slots{4, 16'384}));
  EXPECT_EQ(plan_slots(settings(16'384, 131'072, 0)), (Slots{2, 32'768}));
  EXPECT_EQ(plan_slots(settings(131'072, 131'072, 0)), (Slots{1, 131'072}));
  EXPECT_EQ(plan_slots(settings(4096, 0, 8)), (Slots{8, 32'768}));
  EXPECT_EQ(plan_slots(settings(0, 131'072, 0)), Slots{}) << "the engine knows its memory";
  EXPECT_EQ(plan_slots(settings(0, 0, 3)), (Slots{3, 0}));
}

TEST(EngineCommand, PutsItsOwnWordsLast) {
  EngineSettings given = settings(512, 0, 0);
  given.model_path = "/models/model.gguf";
  given.model_name = "demo/chat";
  given.socket_path = "/run/s";
  const auto command = engine_command(given);
  ASSERT_TRUE(command);
  EXPECT_EQ(command->at(1), "--flag");
  EXPECT_EQ(command->back(), "--slots");
  given.command.push_back("--parallel");
  const auto own = engine_command(given);
  EXPECT_EQ(std::ranges::count(*own, "--ctx-size"), 0);
  given.engine = "vllm";
  EXPECT_FALSE(engine_command(given));
  given = settings(0, 0, 0);
  given.command = {"engine"};
  EXPECT_FALSE(engine_command(given)) << "no search path in an image of ours";
}

TEST(EngineLog, KeepsTheLastWordsAndTheDevice) {
  EngineLog log;
  log.feed("first\nggml_cuda_init: fou");
  log.feed("nd 1 CUDA devices:\n\n   \n");
  EXPECT_EQ(log.last_line(), "ggml_cuda_init: found 1 CUDA devices:");
  EXPECT_TRUE(log.found_cuda_device());
  log.feed("error: out of mem");
  EXPECT_EQ(log.last_line(), "error: out of mem");
  EXPECT_TRUE(log.cuda_failure().empty());
  log.feed("\nggml_cuda_init: failed to initialize CUDA: no driver\n");
  EXPECT_EQ(log.cuda_failure(), "ggml_cuda_init: failed to initialize CUDA: no driver");
  EngineLog none;
  none.feed("ggml_cuda_init: found 0 CUDA devices:\n");
  EXPECT_FALSE(none.found_cuda_device());
}

TEST(ExitReport, NamesTheCause) {
  const AgentReport ended = exit_report(EngineExit{1, 0, false}, "no such model", false);
  EXPECT_EQ(ended.reason, "EngineExited");
  EXPECT_EQ(ended.message, "engine exited 1: no such model");
  EXPECT_EQ(ended.exit_code, 1);
  const AgentReport killed = exit_report(EngineExit{0, 9, false}, "", true);
  EXPECT_EQ(killed.reason, "OutOfMemory");
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_NE(exit_report(EngineExit{0, 9, false}, "", false).message.find("out of memory"),
            std::string::npos);
  EXPECT_NE(exit_report(EngineExit{0, 11, false}, "", false).message.find("SIGSEGV"),
            std::string::npos);
}

TEST(Routes, ExposeWhatIsMeantForCallers) {
  EXPECT_EQ(route("POST", "/v1/chat/completions"), Route::Generate);
  EXPECT_EQ(route("POST", "/tokenize"), Route::Generate);
  EXPECT_EQ(route("GET", "/v1/models"), Route::Models);
  EXPECT_EQ(route("GET", "/v1/chat/completions"), Route::WrongMethod);
  for (const char* hidden : {"/props", "/slots", "/lora-adapters", "/health", "/", "/v1",
                             "/v1/../props", "/V1/models", "//v1/models", "/models/load"}) {
    EXPECT_EQ(route("GET", hidden), Route::Unknown) << hidden;
    EXPECT_EQ(route("POST", hidden), Route::Unknown) << hidden;
  }
}

struct BodyCase {
  const char* name;
  std::string body;
  int status;  // 200: served
};
class Bodies : public testing::TestWithParam<BodyCase> {};
TEST_P(Bodies, AreJudged) {
  const auto facts = read_body(GetParam().body);
  int status = facts ? 200 : facts.error().status;
  if (facts)
    if (const auto error = check_model(*facts, {"demo/chat", "chat"})) status = error->status;
  EXPECT_EQ(status, GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Bodies,
    testing::ValuesIn<BodyCase>({
        {"OwnName", R"({"model":"demo/chat"})", 200},
        {"Alias", R"({"model":"chat"})", 200},
        {"Escaped", R"({"model":"ch\u0061t"})", 200},
        {"NoModel", R"({"messages":[]})", 200},
        {"NullModel", R"({"model":null})", 200},
        {"DeeperModelIsSomethingElse", R"({"tool":{"model":"other"}})", 200},
        {"Other", R"({"model":"gpt-4"})", 404},
        {"Empty", R"({"model":""})", 404},
        {"Twice", R"({"model":"chat","model":"other"})", 400},
        {"Number", R"({"model":1})", 400},
        {"Object", R"({"model":{}})", 400},
        {"Array", R"(["model"])", 400},
        {"Text", R"("model")", 400},
        {"Nothing", "", 400},
        {"Broken", R"({"model":"chat")", 400},
        {"Trailing", R"({"model":"chat"}x)", 400},
        {"Deep", R"({"a":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}", 400},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Bodies, TellStreams) {
  EXPECT_TRUE(read_body(R"({"stream":true})")->stream);
  EXPECT_FALSE(read_body(R"({"a":{"stream":true}})")->stream);
}

TEST(MetricsPage, HasOursAndTheEngines) {
  Metrics metrics;
  metrics.requests[200] = 3;
  metrics.duration.observe(0.2);
  metrics.count_tokens({7, 11});
  const std::string page =
      render(metrics, State::Ready, "# TYPE x gauge\nllamacpp:requests_deferred 4\n");
  for (const char* line :
       {"slipway_requests_total{code=\"200\"} 3\n", "slipway_requests_waiting 4\n",
        "slipway_request_duration_seconds_bucket{le=\"0.1\"} 0\n",
        "slipway_request_duration_seconds_bucket{le=\"0.25\"} 1\n",
        "slipway_request_duration_seconds_bucket{le=\"+Inf\"} 1\n", "slipway_tokens_in_total 7\n",
        "slipway_tokens_out_total 11\n", "slipway_state{state=\"Ready\"} 1\n",
        "llamacpp:requests_deferred 4\n"})
    EXPECT_NE(page.find(line), std::string::npos) << line;
}

}  // namespace
}  // namespace slipway::agent
