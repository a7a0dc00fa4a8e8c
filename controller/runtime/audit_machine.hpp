// Whether one kind's watch has lost something for good, as a machine without threads, sockets or
// clocks: pages of lists and the time go in, requests and findings come out. `Auditor` moves them
// over the network. Used by one thread at a time.
//
// A watch promises every event, and resumes where it was; if a server or a proxy skips one all the
// same, nobody says it again. So each period the kind is listed, metadata only and consistently
// (no resourceVersion: a server's old cache could share what the watch has missed), and compared
// with what is held. What differs may just be on its way. So it only counts if a second list,
// taken when the watch had told everything up to the first one's version, shows the same
// difference. A watch that does not get there in half a period, though there is something to tell,
// has lost it too.
//
// Bounded by the page, plus 8 bytes for each listed object: no name is held twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/metadata_list.hpp"
#include "controller/kube/watch.hpp"
#include "crds/base/result.hpp"
#include "crds/base/time.hpp"

namespace slipway {

// What is held of the kind, as it is when it is asked.
class HeldObjects {
 public:
  virtual ~HeldObjects() = default;
  // Only uid and version of the answer count.
  virtual std::optional<kube::ListedObject> find(const std::string& ns,
                                                 const std::string& name) const = 0;
  virtual void each(const std::function<void(const kube::ListedObject&)>& see) const = 0;
};

struct AuditFinding {
  std::size_t differences = 0;
  std::string first;  // "ns/name is missing"
};

struct AuditInput {
  Duration now{};     // monotonic, from any fixed start
  std::string told;   // the watch has told everything up to here; empty: no complete set yet
  double random = 0;  // uniform in [0, 1)
};

class AuditMachine {
 public:
  // `holds_all`: false where objects that arrive are not all held, so that none is missing.
  AuditMachine(kube::WatchTarget target, bool holds_all, Duration period, Duration first);

  // When `next` should be asked.
  Duration next_due() const { return due_; }
  // The target of the page that is to be fetched now. If it is none, `next_due` has moved on.
  std::optional<std::string> next(const AuditInput& input);
  // REQUIRES: `next` asked for it. A finding: the watch must start over with a new set.
  std::optional<AuditFinding> answered(const Result<kube::MetadataPage>& page,
                                       const HeldObjects& held, const AuditInput& input);

 private:
  using Hash = std::uint64_t;

  bool second_look() const { return !suspects_.empty(); }
  void compare(const kube::ListedObject& listed, const HeldObjects& held);
  void look_for_extra(const HeldObjects& held);
  void differs(Hash what, const kube::ListedObject& object, const char* how);
  std::optional<AuditFinding> finish(const AuditInput& input);
  void end_list();
  void rest(const AuditInput& input);

  const kube::WatchTarget target_;
  const bool holds_all_;
  const Duration period_;
  Duration due_;
  // Of the list under way.
  bool listing_ = false;
  std::string continue_;
  std::string version_;
  std::vector<Hash> uids_;
  std::set<Hash> found_;  // that was not seen the time before
  std::set<Hash> confirmed_;
  std::set<Hash> still_in_vain_;
  std::string first_;
  // Of the lists before.
  std::set<Hash> suspects_;  // differences of the first look
  Duration patience_ends_{};
  // What a new set did not cure (an object that cannot be read): no reason to ask for another.
  std::set<Hash> in_vain_;
};

}  // namespace slipway
