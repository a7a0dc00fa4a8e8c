#include "controller/runtime/audit_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace slipway {
namespace {

using kube::ListedObject;
using kube::MetadataPage;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Duration kPeriod = minutes(10);

// "a uid-a 5": in namespace "ns".
using Objects = std::vector<ListedObject>;

ListedObject object(const std::string& name, const std::string& version,
                    const std::string& uid = "") {
  return {"ns", name, uid.empty() ? "uid-" + name : uid, version};
}

class Held : public HeldObjects {
 public:
  std::optional<ListedObject> find(const std::string& ns, const std::string& name) const override {
    for (const ListedObject& one : objects) {
      if (one.ns == ns && one.name == name) return one;
    }
    return std::nullopt;
  }
  void each(const std::function<void(const ListedObject&)>& see) const override {
    for (const ListedObject& one : objects) see(one);
  }
  Objects objects;
};

// One machine, a server's list and what is held, in virtual time.
class Audit {
 public:
  explicit Audit(bool holds_all = true)
      : machine_({*kube::find_resource("v1", "Pod"), "", "a=b"}, holds_all, kPeriod, seconds(60)) {}

  // The next whole list, whenever it is due: what is found.
  std::optional<AuditFinding> look(const Objects& server, const std::string& version) {
    now_ = std::max(now_, machine_.next_due());
    const auto target = machine_.next(input());
    EXPECT_TRUE(target);
    return machine_.answered(MetadataPage{version, "", server}, held_, input());
  }
  AuditInput input() const { return {now_, told_, 0}; }

  AuditMachine machine_;
  Held held_;
  std::string told_ = "100";
  Duration now_{};
};

struct Case {
  const char* name;
  Objects held;   // at both looks
  Objects first;  // what the server lists, at version 50
  Objects second;
  std::size_t differences = 0;
  std::string what{};
  bool holds_all = true;
};

class TwoLooks : public testing::TestWithParam<Case> {};

TEST_P(TwoLooks, Find) {
  const Case& test = GetParam();
  Audit audit(test.holds_all);
  audit.held_.objects = test.held;
  EXPECT_FALSE(audit.look(test.first, "50")) << "one look proves nothing";
  const auto finding = audit.look(test.second, "60");
  EXPECT_EQ(finding ? finding->differences : 0, test.differences);
  EXPECT_EQ(finding ? finding->first : "", test.what);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, TwoLooks,
    testing::Values(
        Case{"Nothing_WhenAllIsTrue", {object("a", "5")}, {object("a", "5")}, {object("a", "5")}},
        Case{"WhatIsMissing",
             {},
             {object("a", "5"), object("b", "6")},
             {object("a", "5"), object("b", "6")},
             2,
             "ns/a is missing"},
        Case{"WhatIsGone", {object("a", "5")}, {}, {}, 1, "ns/a is held but gone"},
        Case{"WhatIsOutOfDate",
             {object("a", "5")},
             {object("a", "7")},
             {object("a", "7")},
             1,
             "ns/a is out of date"},
        Case{"ANamesakeInPlaceOfItsPredecessor",
             {object("a", "5", "old")},
             {object("a", "7", "new")},
             {object("a", "7", "new")},
             2,  // one is missing, and one is held but gone
             "ns/a is out of date"},
        Case{"Nothing_WhenTheNewsIsNewerThanTheList",
             {object("a", "51"), object("b", "70")},
             {object("a", "5")},
             {object("a", "5")}},
        Case{"Nothing_WhenItWasOnItsWay",
             {object("a", "5")},
             {object("a", "7")},
             {object("a", "5")}},
        Case{"Nothing_WhenItChangesAllTheTime",
             {object("a", "5")},
             {object("a", "7")},
             {object("a", "9")}},
        Case{"Nothing_WhenItWasDeletedMeanwhile", {}, {object("a", "5")}, {}},
        Case{"AnotherVersion_WhereVersionsHaveNoOrder",
             {object("a", "x")},
             {object("a", "y")},
             {object("a", "y")},
             1,
             "ns/a is out of date"},
        Case{"Nothing_WhereNotAllIsHeld", {}, {object("a", "5")}, {object("a", "5")}, 0, "", false},
        Case{"WhatIsGone_WhereNotAllIsHeld",
             {object("a", "5")},
             {},
             {},
             1,
             "ns/a is held but gone",
             false}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(AuditMachine, ListsConsistently_MetadataOfWhatIsWatchedOnly) {
  Audit audit;
  EXPECT_FALSE(audit.machine_.next(audit.input())) << "not due yet";
  audit.now_ = seconds(60);
  EXPECT_EQ(audit.machine_.next(audit.input()), "/api/v1/pods?limit=250&labelSelector=a%3Db");
  const MetadataPage page{"50", "to/ken", {object("a", "5")}};
  EXPECT_FALSE(audit.machine_.answered(page, audit.held_, audit.input()));
  EXPECT_EQ(audit.machine_.next(audit.input()),
            "/api/v1/pods?limit=250&continue=to%2Fken&labelSelector=a%3Db");
}

TEST(AuditMachine, ComparesAllPagesOfAList) {
  Audit audit;
  audit.held_.objects = {object("a", "5"), object("b", "6"), object("c", "7")};
  audit.now_ = seconds(60);
  for (const auto& [name, token] : {std::pair("a", "1"), {"b", "2"}, {"c", ""}}) {
    ASSERT_TRUE(audit.machine_.next(audit.input()));
    const MetadataPage page{"50", token, {*audit.held_.find("ns", name)}};
    EXPECT_FALSE(audit.machine_.answered(page, audit.held_, audit.input()));
  }
  EXPECT_GE(audit.machine_.next_due(), audit.now_ + kPeriod * 9 / 10) << "nothing is suspected";
}

TEST(AuditMachine, RestsForAPeriodAtRandom) {
  for (const double random : {0.0, 0.5, 1.0}) {
    Audit audit;
    audit.now_ = seconds(60);
    AuditInput input = audit.input();
    input.random = random;
    ASSERT_TRUE(audit.machine_.next(input));
    audit.machine_.answered(MetadataPage{"50", "", {}}, audit.held_, input);
    EXPECT_EQ(audit.machine_.next_due() - audit.now_,
              kPeriod * 9 / 10 + Duration(static_cast<Duration::rep>(random * 120'000)));
  }
}

TEST(AuditMachine, WaitsUntilTheWatchIsInSync) {
  Audit audit;
  audit.told_.clear();
  audit.now_ = minutes(20);
  EXPECT_FALSE(audit.machine_.next(audit.input()));
  EXPECT_GT(audit.machine_.next_due(), audit.now_);
}

TEST(AuditMachine, LooksAgainOnceTheWatchHasPassedTheList) {
  Audit audit;
  audit.told_ = "40";
  EXPECT_FALSE(audit.look({object("a", "45")}, "50"));
  audit.now_ = audit.machine_.next_due();
  EXPECT_FALSE(audit.machine_.next(audit.input())) << "it may still be on its way";
  EXPECT_GT(audit.machine_.next_due(), audit.now_);
  audit.told_ = "50";
  EXPECT_TRUE(audit.look({object("a", "45")}, "60"));
}

TEST(AuditMachine, LosesPatienceWithAWatchThatTellsNothing) {
  Audit audit;
  audit.told_ = "40";
  EXPECT_FALSE(audit.look({object("a", "45")}, "50"));
  const Duration before = audit.now_;
  for (int i = 0; !audit.machine_.next(audit.input()); ++i) {
    ASSERT_LT(i, 20) << "it never looks again";
    audit.now_ = audit.machine_.next_due();
  }
  EXPECT_EQ(audit.now_ - before, kPeriod / 2);
  EXPECT_TRUE(audit.look({object("a", "45")}, "60"));
}

TEST(AuditMachine, ForgetsHalfAList) {
  Audit audit;
  EXPECT_FALSE(audit.look({object("a", "5")}, "50"));
  audit.now_ = audit.machine_.next_due();
  ASSERT_TRUE(audit.machine_.next(audit.input()));
  const auto gone = fail(Fault::Expired, "the continue token is too old");
  EXPECT_FALSE(audit.machine_.answered(gone, audit.held_, audit.input()));
  EXPECT_GE(audit.machine_.next_due(), audit.now_ + kPeriod * 9 / 10);
  EXPECT_FALSE(audit.look({object("a", "5")}, "60")) << "a first look again";
  EXPECT_TRUE(audit.look({object("a", "5")}, "70"));
}

TEST(AuditMachine, AsksOnlyOnceForWhatANewSetDoesNotCure) {
  Audit audit;
  const Objects broken = {object("a", "5")};
  EXPECT_FALSE(audit.look(broken, "50"));
  EXPECT_TRUE(audit.look(broken, "50"));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(audit.look(broken, "50"));
  EXPECT_GE(audit.machine_.next_due(), audit.now_ + kPeriod * 9 / 10) << "one look is enough";
  // Another one is lost.
  EXPECT_FALSE(audit.look({object("a", "5"), object("b", "6")}, "50"));
  const auto finding = audit.look({object("a", "5"), object("b", "6")}, "50");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->differences, 1u);
  EXPECT_EQ(finding->first, "ns/b is missing");
  // Once it was cured, it may be lost again.
  audit.held_.objects = {object("a", "5"), object("b", "6")};
  EXPECT_FALSE(audit.look(audit.held_.objects, "50"));
  audit.held_.objects = {object("b", "6")};
  EXPECT_FALSE(audit.look({object("a", "5"), object("b", "6")}, "50"));
  EXPECT_TRUE(audit.look({object("a", "5"), object("b", "6")}, "50"));
}

}  // namespace
}  // namespace slipway
