#include "controller/cache/store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

using Pods = Store<k8s::PodView>;

k8s::PodView pod(const std::string& name, const std::string& version, const std::string& uid = "u",
                 const std::string& service = "chat") {
  k8s::PodView view;
  view.metadata.namespace_ = "default";
  view.metadata.name = name;
  view.metadata.uid = uid;
  view.metadata.resource_version = version;
  view.metadata.labels[kServiceLabel] = service;
  return view;
}

std::string version_of(const Pods& pods, const std::string& name) {
  const auto view = pods.get({"default", name});
  return view ? view->metadata.resource_version : "-";
}

struct PutCase {
  const char* name;
  const char* held;  // version/uid, empty: nothing is held
  const char* newcomer;
  const char* after;
};
class PutTest : public testing::TestWithParam<PutCase> {};

k8s::PodView from(const std::string& text) {
  const auto slash = text.find('/');
  return pod("a", text.substr(0, slash), text.substr(slash + 1));
}

TEST_P(PutTest, KeepsTheNewest) {
  Pods pods;
  if (*GetParam().held) pods.put(from(GetParam().held), {});
  const auto change = pods.put(from(GetParam().newcomer), {});
  EXPECT_EQ(version_of(pods, "a"), GetParam().after);
  EXPECT_EQ(bool(change),
            std::string(GetParam().after) !=
                std::string(GetParam().held).substr(0, std::string(GetParam().held).find('/')));
}

INSTANTIATE_TEST_SUITE_P(Store, PutTest,
                         testing::ValuesIn<PutCase>({{"first", "", "5/u", "5"},
                                                     {"newer", "5/u", "6/u", "6"},
                                                     {"older", "6/u", "5/u", "6"},
                                                     {"same", "6/u", "6/u", "6"},
                                                     {"by_value_not_by_text", "9/u", "10/u", "10"},
                                                     {"namesake", "6/u", "9/v", "9"},
                                                     {"late_news_of_a_predecessor", "9/v", "6/u",
                                                      "9"},
                                                     {"no_numbers", "b/u", "a/u", "a"}}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Store, IndexesByService) {
  Pods pods;
  pods.put(pod("b", "2"), {});
  pods.put(pod("a", "3"), {});
  pods.put(pod("c", "4", "u", "other"), {});
  const auto of_chat = pods.of_service("default", "chat");
  ASSERT_EQ(of_chat.size(), 2u);
  EXPECT_EQ(of_chat[0]->metadata.name, "a");
  EXPECT_EQ(of_chat[1]->metadata.name, "b");
  EXPECT_TRUE(pods.of_service("elsewhere", "chat").empty());

  pods.put(pod("a", "5", "u", "other"), {});  // relabelled
  EXPECT_EQ(pods.of_service("default", "chat").size(), 1u);
  EXPECT_EQ(pods.of_service("default", "other").size(), 2u);
  EXPECT_EQ(pods.in_namespace("default").size(), 3u);
  EXPECT_EQ(pods.all().size(), 3u);
}

InferenceService service_using(const std::string& name, const char* asked, const char* served,
                               const char* version) {
  InferenceService service;
  service.metadata.namespace_ = "default";
  service.metadata.name = name;
  service.metadata.resource_version = version;
  service.spec.model.version = asked;
  service.status.model = ServedModel{asked, "", served};
  return service;
}

TEST(Store, IndexesServicesByTheModelsTheyUse) {
  Store<InferenceService> services;
  services.put(service_using("b", "new", "old", "1"), {});
  services.put(service_using("a", "new", "new", "2"), {});
  ASSERT_EQ(services.users_of("default", "new").size(), 2u);
  EXPECT_EQ(services.users_of("default", "new")[0]->metadata.name, "a");
  EXPECT_EQ(services.users_of("default", "old").size(), 1u);
  EXPECT_TRUE(services.users_of("elsewhere", "new").empty());

  services.put(service_using("b", "new", "new", "3"), {});  // moved
  EXPECT_TRUE(services.users_of("default", "old").empty());
  services.remove(service_using("a", "", "", "4").metadata);
  EXPECT_EQ(services.users_of("default", "new").size(), 1u);
}

TEST(Store, ShowsThatWhatWeDeletedIsOnItsWayOut) {
  Pods pods;
  pods.put(pod("a", "5"), {});
  pods.doom({"default", "a"}, "of-another");
  EXPECT_FALSE(pods.get({"default", "a"})->metadata.deletion_timestamp);
  pods.doom({"default", "a"}, "u");
  EXPECT_TRUE(pods.get({"default", "a"})->metadata.deletion_timestamp);
  EXPECT_TRUE(pods.of_service("default", "chat").at(0)->metadata.deletion_timestamp);
  pods.put(pod("a", "6"), {});  // happened before
  EXPECT_TRUE(pods.get({"default", "a"})->metadata.deletion_timestamp);
  pods.put(pod("a", "7", "namesake"), {});
  EXPECT_FALSE(pods.get({"default", "a"})->metadata.deletion_timestamp);
  pods.put(pod("a", "8"), {});
  EXPECT_FALSE(pods.get({"default", "a"})->metadata.deletion_timestamp) << "and is forgotten";
}

TEST(Store, IgnoresTheDeletionOfAPredecessor) {
  Pods pods;
  pods.put_own(pod("a", "9", "new"), {});
  EXPECT_FALSE(pods.remove(pod("a", "7", "old").metadata));
  EXPECT_EQ(version_of(pods, "a"), "9");
  EXPECT_TRUE(pods.remove(pod("a", "11", "new").metadata));
  EXPECT_EQ(version_of(pods, "a"), "-");
}

TEST(Store, IgnoresAnAnswerThatTheWatchHasPassed) {
  Pods pods;
  pods.put(pod("a", "5"), {});
  pods.remove(pod("a", "7").metadata);
  EXPECT_FALSE(pods.put_own(pod("a", "6"), {})) << "a ghost: it was deleted at 7";
  EXPECT_EQ(version_of(pods, "a"), "-");
  EXPECT_TRUE(pods.put_own(pod("a", "8", "next"), {}));
}

TEST(Store, TakesAnAnswerBeforeItsEvent_AndTheEventThenChangesNothing) {
  Pods pods;
  pods.put(pod("a", "5"), {});
  EXPECT_TRUE(pods.put_own(pod("a", "8"), {}));
  EXPECT_FALSE(pods.put(pod("a", "6"), {})) << "an event from before our write";
  EXPECT_FALSE(pods.put(pod("a", "8"), {}));
  EXPECT_TRUE(pods.put(pod("a", "9"), {}));
}

TEST(Store, EndsASetAsADifference) {
  Pods pods;
  pods.put(pod("kept", "3"), {});
  pods.put(pod("gone", "4"), {});
  pods.put_own(pod("made_since", "12"), {});
  pods.put(pod("kept", "3"), {}, false);
  const auto changes = pods.end_set({{"default", "kept"}}, 10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].before->metadata.name, "gone");
  EXPECT_EQ(changes[0].after, nullptr);
  EXPECT_EQ(version_of(pods, "kept"), "3");
  EXPECT_EQ(version_of(pods, "made_since"), "12");
  EXPECT_TRUE(pods.of_service("default", "chat").size() == 2);
}

TEST(Store, InsideOfASet_AnswersOfOursStillCount) {
  Pods pods;
  pods.put(pod("b", "90"), {}, false);  // objects of a set come in any order
  EXPECT_TRUE(pods.put_own(pod("a", "50"), {}));
}

TEST(Store, IsReadWhileItIsWritten) {
  Pods pods;
  std::jthread writer([&] {
    for (int i = 1; i < 2000; ++i)
      pods.put(pod("p" + std::to_string(i % 7), std::to_string(i)), {});
  });
  for (int i = 0; i < 2000; ++i) {
    for (const auto& view : pods.of_service("default", "chat"))
      EXPECT_EQ(view->metadata.labels.at(kServiceLabel), "chat");
  }
  writer.join();
  EXPECT_EQ(pods.size(), 7u);
}

}  // namespace
}  // namespace slipway
