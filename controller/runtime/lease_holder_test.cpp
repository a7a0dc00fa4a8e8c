#include "controller/runtime/lease_holder.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "controller/runtime/fake_api.hpp"

namespace slipway {
namespace {

// Shows one Lease that nobody holds, at version 7, and then nothing more.
class LeaseStream : public kube::Transport {
 public:
  Result<kube::HttpResponse> send(const kube::HttpRequest&, Duration) override {
    return fail(Fault::Unavailable, "the holder writes through its client");
  }
  Result<> stream(const kube::HttpRequest& request, std::stop_token stop, Duration,
                  const kube::OnBytes& on_bytes) override {
    target = request.target;
    on_bytes(
        R"({"type":"ADDED","object":{"kind":"Lease","metadata":{"name":"slipway-controller",)"
        R"("uid":"l-1","resourceVersion":"7"},"spec":{"holderIdentity":"","leaseDurationSeconds":1,)"
        R"("leaseTransitions":4}}})"
        "\n"
        R"({"type":"BOOKMARK","object":{"kind":"Lease","metadata":{"resourceVersion":"8",)"
        R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
        "\n");
    std::promise<void> stopped;
    const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    return {};
  }
  std::string target;  // of the watch's thread
};

// Takes the Lease and gives it up again: what was sent, the claim first, the release last.
TEST(LeaseHolder, WritesTheLeaseAtTheVersionThatItKnows) {
  FakeApi api;  // used by the holder's thread, and by this one when that has ended
  std::vector<Json> sent;
  api.mutate = [&](Json& object) { sent.push_back(object); };
  LeaseStream transport;
  const SystemClock clock;
  std::promise<void> leads;
  bool told = false;
  {
    LeaseHolder holder(
        {"slipway-system", "slipway-controller", "me", {}}, api, transport, clock,
        [&](const LeaseNews& news) {
          if (news.leads && !std::exchange(told, true)) leads.set_value();
        },
        [](const Error& error) { ADD_FAILURE() << error.what; });
    ASSERT_EQ(leads.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_TRUE(holder.may_write(clock.now().monotonic));
    EXPECT_EQ(holder.epoch(), 5);
  }
  EXPECT_NE(transport.target.find("fieldSelector=metadata.name%3Dslipway-controller"),
            std::string::npos);
  ASSERT_GE(sent.size(), 2u);
  EXPECT_EQ(sent.front()["metadata"]["resourceVersion"], "7") << "of two that try one is refused";
  EXPECT_EQ(sent.front()["metadata"]["uid"], "l-1") << "a deleted one is not made anew in passing";
  EXPECT_EQ(sent.front()["spec"]["holderIdentity"], "me");
  EXPECT_EQ(sent.front()["spec"]["leaseDurationSeconds"], 15);
  EXPECT_EQ(sent.front()["spec"]["leaseTransitions"], 5);
  EXPECT_EQ(sent.back()["metadata"]["resourceVersion"], std::to_string(api.version - 1));
  EXPECT_EQ(sent.back()["spec"]["holderIdentity"], "");
  EXPECT_EQ(sent.back()["spec"]["leaseDurationSeconds"], 1);
  EXPECT_EQ(api.calls.front(), "apply! slipway-lease Lease slipway-controller");
}

}  // namespace
}  // namespace slipway
