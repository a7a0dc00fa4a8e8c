// One client's connection and the request that is under way on it: a state machine that goes on
// until neither side can move a byte, and again when the loop tells of either.
//
//   Head -> Body -> (Connecting ->) Sending -> Waiting -> Relaying -> Head ...
//
// An answer is passed on as it comes: a read of the engine's bytes is written before the next one;
// where the client takes less, the rest waits and the engine is not read. The request is kept until
// the answer's first byte, because it may have to be sent to another endpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/api_route.hpp"
#include "gateway/api/openai_error.hpp"
#include "gateway/body/splice.hpp"
#include "gateway/http/chunked.hpp"
#include "gateway/http/request_head.hpp"
#include "gateway/picking/pick.hpp"
#include "gateway/proxy/buffer.hpp"
#include "gateway/proxy/relay.hpp"
#include "gateway/proxy/routes.hpp"
#include "gateway/proxy/socket.hpp"
#include "gateway/routing/decide.hpp"
#include "gateway/telemetry/request_record.hpp"

namespace slipway::gateway {

class Reactor;
enum class Door;

// Tokens that the answer may have at most; nullopt: the request does not say.
std::optional<std::uint32_t> most_tokens(const body::RequestFacts* facts);

class ClientConnection final : public SocketOwner {
 public:
  ClientConnection(Reactor& reactor, std::unique_ptr<Socket> client, Door door, std::size_t slot);
  ~ClientConnection() override;

  // Where the reactor keeps it.
  std::size_t slot() const { return slot_; }
  void set_slot(std::size_t slot) { slot_ = slot; }

  void on_tick(Instant now);
  // Ends whatever is under way: the gateway's time is over.
  void shut_down() { give_up("shutdown"); }

 private:
  enum class Stage : std::uint8_t {
    Head,        // waiting for a request, or for the rest of its head
    Body,        // for the rest of its body
    Connecting,  // to an endpoint
    Sending,     // the request to it
    Waiting,     // for the head of its answer
    Relaying,    // the answer's body
    Answering,   // what is left to be written is the gateway's own
    Lingering,   // all is said; what the client still sends is dropped, so that it reads the answer
    Closed
  };

  void on_socket(Socket& socket, Ready ready) override;
  // Each returns whether it has to be called again, perhaps in another stage.
  void advance();
  bool step();
  bool read_head();
  bool read_body();
  bool send_request();
  bool read_answer();
  bool read_early_answer();
  bool flush();
  bool linger();
  bool is_late(Instant now) const;

  // A request, from its head to where it goes.
  bool take_head(std::size_t size);
  void begin_record();
  bool take_body(std::string_view bytes);
  bool receive_body();
  bool keep_within_bounds();
  bool has_body() const;
  std::size_t body_received() const;  // bytes; of chunks without their framing
  bool dispatch();
  bool answer_itself();
  bool answer_admin(std::string_view path);
  std::string models_page() const;
  ModelNames names(std::string_view body_model) const;
  std::string_view key_in_head() const;
  std::string_view body() const;
  bool begin_exchange(const Routed& routed, const body::RequestFacts* facts);
  bool admit(const Routed& routed, const body::RequestFacts* facts);
  std::shared_ptr<RevisionState> choose(const Routed& routed, const body::RequestFacts* facts);
  void look_up_prefix(const body::RequestFacts* facts);
  void ask_for_usage(const body::RequestFacts* facts);
  void write_request_head();

  // An endpoint.
  bool try_endpoint();
  void leave_endpoint(bool reusable, Attempt attempt);
  bool endpoint_failed(const char* why);
  bool may_try_another();
  bool try_afresh();
  void end_retry();
  bool no_endpoint(NoPick why);

  // An answer.
  bool take_answer(std::string_view bytes);
  bool begin_answer();
  bool end_answer(bool reusable);
  bool respond(const ApiError& error, bool close);
  bool respond(int status, std::string_view type, std::string_view text, bool close,
               std::int64_t retry_after = 0);
  bool put(std::string_view first, std::string_view second);
  bool next_request();
  void release_request();
  void finish_record();
  void settle();
  void give_up(const char* why);
  void close();

  Instant now() const;
  void set_deadline(double seconds);

  Reactor& reactor_;
  std::unique_ptr<Socket> client_, upstream_;
  const Door door_;
  std::size_t slot_;
  Stage stage_ = Stage::Head;
  bool advancing_ = false, deferred_ = false;
  bool close_after_ = false;  // no further request on this connection
  bool lingers_ = false;      // the client may still be sending
  bool served_ = false;       // a request was answered before
  Instant deadline_, latest_;
  const std::string address_;  // of the client

  // The request.
  bool under_way_ = false;     // from its head to its end
  Buffer in_;                  // its head, and its body where that is small; then what follows
  Buffer behind_;              // what follows, where it must not be put into in_ yet
  std::size_t head_size_ = 0;  // 0: the head is not complete
  std::size_t seen_ = 0;       // of in_, when its head was last looked for
  bool in_place_ = false;      // the body lies in in_ behind the head, else in large_body_
  http::RequestHead head_;
  ApiRoute route_;
  std::string plain_path_, path_;  // normalised, where that differs from what came
  Buffer large_body_;
  std::size_t kept_bytes_ = 0;  // of large_body_, as the reactor knows
  http::ChunkedDecoder chunks_;
  std::shared_ptr<const Routes> routes_;  // held while the request is under way
  const CompiledTenant* tenant_ = nullptr;

  // The exchange with an endpoint.
  std::shared_ptr<RevisionState> revision_;  // set while a request is under way
  std::vector<std::uint64_t> links_, tried_;
  Prefix prefix_{};
  std::uint32_t answer_tokens_ = 0;  // estimated
  Flight flight_{};
  std::shared_ptr<Upstream> endpoint_;  // set while a flight is under way
  bool reused_ = false, retrying_ = false;
  bool connects_ = false;  // a kept connection has failed this request: it gets a fresh one
  std::string request_head_;
  std::optional<body::Splice> splice_;    // of the body
  std::size_t sent_ = 0, sent_size_ = 0;  // bytes of the request
  Relay relay_;

  // What it costs its tenant; nullptr: nothing is limited.
  std::shared_ptr<Metered> metered_;
  std::optional<Admitted> admitted_;

  Buffer out_;  // what the client has not taken yet
  RequestRecord record_;
  Instant begun_;
};

}  // namespace slipway::gateway
