// The whole of `slipway-agent run`, as a process, in front of a fake engine.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "runtime-images/agent/testing/agent_process.hpp"

namespace slipway::agent {
namespace {

using testing::AgentProcess;
using testing::chat;
using testing::Connection;

constexpr const char* kStream = R"(,"stream":true)";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string get(const char* path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path);
}

TEST(Pod, AnswersOnceItIsReady) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  EXPECT_TRUE(agent.ask(get("/readyz")).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(agent.ask(get("/livez")).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(agent.ask(get("/startupz")).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(has(agent.ask(chat()), R"("completion_tokens":1)"));
  EXPECT_TRUE(has(agent.ask(get("/v1/models")), R"("id":"chat")"));
  const std::string line = agent.wait_for_line(R"("event":"request")");
  EXPECT_TRUE(has(line, R"("status":200)")) << line;
  EXPECT_TRUE(has(line, R"("gen_ai.usage.input_tokens":7)")) << line;
  const std::string page = agent.ask(get("/metrics"));
  EXPECT_TRUE(has(page, "slipway_requests_total{code=\"200\"} 1\n"));
  EXPECT_TRUE(has(page, "slipway_requests_waiting 2\n"));
  EXPECT_TRUE(has(page, "llamacpp:requests_deferred 2\n"));
}

TEST(Pod, GivesTheEngineNoneOfItsDescriptors) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  EXPECT_TRUE(has(agent.ask_engine("GET /inherited HTTP/1.1"), "descriptors: 0"));
}

TEST(Pod, RefusesWhatIsNotServed) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  const std::string other = agent.ask(chat(R"(,"model":"other")"));
  EXPECT_TRUE(other.starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(has(other, R"("code":"model_not_found")"));
  EXPECT_TRUE(agent.ask(chat(R"(,"model":"demo/chat")")).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(agent.ask(get("/props")).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(agent.ask(get("/v1/chat/completions")).starts_with("HTTP/1.1 405"));
  EXPECT_TRUE(
      agent.ask("POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 33554433\r\n\r\n")
          .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(agent
                  .ask("POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n")
                  .starts_with("HTTP/1.1 400"));
}

TEST(Pod, TakesManyRequestsOnOneConnection) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  Connection client = agent.connect();
  // The second is sent before the first is answered, the third in chunks and after being asked to.
  const std::string head = "POST /v1/completions HTTP/1.1\r\nHost: h\r\n";
  client.send(head + "Content-Length: 2\r\n\r\n{}" + head + "Content-Length: 3\r\n\r\n{ }");
  EXPECT_TRUE(has(client.read_until(R"("bodyBytes":3)"), R"("bodyBytes":2)"));
  client.send(head + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  client.read_until("100 Continue");
  client.send("2\r\n{\"\r\n6\r\na\": 1}\r\n0\r\n\r\n");
  EXPECT_TRUE(has(client.read_until(R"("bodyBytes":8)"), R"("bodyBytes":8)"));
  const std::string large = "{\"prompt\":\"" + std::string(5'000'000, 'x') + "\"}";
  client.send(head + fmt::format("Content-Length: {}\r\n\r\n", large.size()) + large);
  const std::string wanted = fmt::format("\"bodyBytes\":{}", large.size());
  EXPECT_TRUE(has(client.read_until(wanted), wanted));
}

TEST(Pod, PassesEventsOnAsTheyCome) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  Connection client = agent.connect();
  client.send(chat(kStream));
  // The engine sends no second event before the release: the first came alone.
  EXPECT_TRUE(has(client.read_until("\n\n"), R"(data: {"choices":[{"delta":{"content":"one"}}]})"));
  agent.ask_engine("POST /release HTTP/1.1");
  EXPECT_TRUE(has(client.read_all(), "data: [DONE]\n\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(has(agent.wait_for_line("request"), R"("gen_ai.usage.output_tokens":158)"));
}

TEST(Pod, CancelsTheEngineWhenTheClientLeaves) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  Connection client = agent.connect();
  client.send(chat(kStream)).read_until("\n\n");
  client.close();
  EXPECT_TRUE(agent.ask_engine("GET /left HTTP/1.1").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(has(agent.wait_for_line("request"), R"("outcome":"client_gone")"));
}

TEST(Pod, LetsTwentyStreamsFinishAfterSigterm) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  std::vector<Connection> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(agent.connect());
    clients.back().send(chat(kStream)).read_until("\n\n");
  }
  agent.signal(SIGTERM);
  agent.wait_for_line("Draining");
  EXPECT_TRUE(agent.ask(get("/readyz")).starts_with("HTTP/1.1 503"));
  const std::string late = agent.ask(chat());
  EXPECT_TRUE(late.starts_with("HTTP/1.1 503")) << late;
  EXPECT_TRUE(has(late, "Retry-After: ")) << late;
  EXPECT_TRUE(has(late, R"("code":"pod_stopping")")) << late;
  agent.ask_engine("POST /release HTTP/1.1");
  for (Connection& client : clients) {
    const std::string& all = client.read_all();
    EXPECT_TRUE(has(all, "data: [DONE]\n\n\r\n0\r\n\r\n")) << all;
    EXPECT_FALSE(has(all, "\"error\"")) << all;
  }
  EXPECT_EQ(agent.wait().code, 0);
}

TEST(Pod, AcceptsDuringTheDrainDelay) {
  AgentProcess agent({"--drain-delay=60s", "--grace=120"});
  ASSERT_TRUE(agent.wait_until_ready());
  agent.signal(SIGTERM);
  agent.wait_for_line("Draining");
  EXPECT_TRUE(agent.ask(get("/readyz")).starts_with("HTTP/1.1 503"));
  EXPECT_TRUE(agent.ask(chat()).starts_with("HTTP/1.1 200"));
}

TEST(Pod, EndsStreamsInGoodOrderAtTheDeadline) {
  AgentProcess agent({"--grace=5"});  // all of it is the engine's share
  ASSERT_TRUE(agent.wait_until_ready());
  Connection client = agent.connect();
  client.send(chat(kStream)).read_until("\n\n");
  agent.signal(SIGTERM);
  const std::string& all = client.read_all();
  EXPECT_TRUE(has(all, R"("code":"pod_stopping")")) << all;
  EXPECT_TRUE(all.ends_with("\n\n\r\n0\r\n\r\n")) << all;
  EXPECT_TRUE(has(agent.wait_for_line("request"), R"("outcome":"cut")"));
  EXPECT_EQ(agent.wait().code, 0);
}

TEST(Pod, TellsWhyTheEngineCrashed) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  Connection client = agent.connect();
  client.send(chat(kStream)).read_until("\n\n");
  agent.ask_engine("POST /crash HTTP/1.1");
  EXPECT_TRUE(has(client.read_all(), R"("code":"engine_lost")"));
  EXPECT_EQ(agent.wait().code, 3);
  EXPECT_EQ(agent.report(),
            R"({"reason":"EngineExited","message":"engine exited 3: fake: cannot go on",)"
            R"("exitCode":3,"lastLine":"fake: cannot go on"})");
}

TEST(Pod, NamesAKilledEngine) {
  AgentProcess agent;
  ASSERT_TRUE(agent.wait_until_ready());
  const std::string pid = agent.ask_engine("GET /pid HTTP/1.1");
  ::kill(std::atoi(pid.substr(pid.find("\r\n\r\n") + 4).c_str()), SIGKILL);
  EXPECT_EQ(agent.wait().code, 137);
  EXPECT_TRUE(has(agent.report(), "SIGKILL")) << agent.report();
  EXPECT_TRUE(has(agent.report(), "memory")) << agent.report();
}

TEST(Pod, ReportsAnEngineThatDoesNotStart) {
  AgentProcess agent({}, {"--say", "error: no such layer", "--exit", "7"});
  EXPECT_EQ(agent.wait().code, 7);
  EXPECT_TRUE(has(agent.report(), "engine exited 7: error: no such layer")) << agent.report();
}

TEST(Pod, RefusesAnotherModel) {
  AgentProcess agent({}, {"--serve-as", "other"});
  EXPECT_EQ(agent.wait().code, 1);
  EXPECT_TRUE(has(agent.report(), "ModelMismatch")) << agent.report();
}

TEST(Pod, RefusesToPretendAGpu) {
  AgentProcess agent({"--expect-accelerator=cuda"},
                     {"--say", "ggml_cuda_init: failed to initialize CUDA: no driver"});
  EXPECT_EQ(agent.wait().code, 1);
  EXPECT_TRUE(has(agent.report(), "AcceleratorUnavailable")) << agent.report();
  EXPECT_TRUE(has(agent.report(), "no driver")) << agent.report();
  AgentProcess with_gpu({"--expect-accelerator=cuda"},
                        {"--say", "ggml_cuda_init: found 1 CUDA devices:"});
  EXPECT_TRUE(with_gpu.wait_until_ready());
}

TEST(Pod, NeverStartsOnAnUnverifiedModel) {
  AgentProcess agent({"--model-dir=/nonexistent"});
  EXPECT_EQ(agent.wait().code, 1);
  EXPECT_TRUE(has(agent.report(), "ModelMismatch")) << agent.report();
}

TEST(Pod, StopsAtOnceBeforeItIsReady) {
  AgentProcess agent({}, {"--loading", "--say", "loading tensors"});
  agent.wait_for_line("Loading");
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait().code, 128 + SIGTERM);
  EXPECT_TRUE(has(agent.report(), R"("reason":"EngineNotReady")")) << agent.report();
}

TEST(Pod, SaysWhatItWaitsFor) {
  AgentProcess agent({}, {"--loading"});
  agent.learn_port(agent.wait_for_line("Loading"));
  for (const char* path : {"/readyz", "/startupz"}) {
    const std::string answer = agent.ask(get(path));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_TRUE(has(answer, R"({"state":"Loading"})")) << answer;
  }
  EXPECT_TRUE(agent.ask(get("/livez")).starts_with("HTTP/1.1 200"));
  const std::string refused = agent.ask(chat());
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
  EXPECT_TRUE(has(refused, R"("code":"model_loading")")) << refused;
}

}  // namespace
}  // namespace slipway::agent
