#include "runtime-images/agent/model/gguf.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <unordered_set>

#include "runtime-images/agent/model/gguf_reader.hpp"
#include "runtime-images/agent/model/gguf_tensors.hpp"

namespace slipway::agent::gguf {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie");

constexpr std::uint32_t kMagic = 0x46554747;         // "GGUF"
constexpr std::uint32_t kMagicSwapped = 0x47475546;  // as a big-endian writer leaves it
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = 1ULL << 31;
// Far above what models have, and small enough to remember every name.
constexpr std::uint64_t kMaxPairs = 8192;
constexpr std::uint64_t kMaxTensors = 32768;
constexpr std::uint64_t kMaxKey = 256;
constexpr std::uint64_t kMaxTemplate = std::uint64_t{64} * 1024;
constexpr std::uint64_t kMaxArchitecture = 64;
// The least bytes of a pair (empty key, one byte) and of a tensor (empty name, one dimension).
constexpr std::uint64_t kLeastPair = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensor = 8 + 4 + 8 + 4 + 8;

struct Header {
  std::uint64_t tensors = 0, pairs = 0;
};

struct Facts {
  std::string architecture;
  std::string context_key;  // which architecture's context length it is is known only at the end
  std::uint64_t context_length = 0;
  std::uint64_t alignment = kDefaultAlignment;
};

Header read_header(Reader& reader, std::uint64_t file_size) {
  const auto magic = reader.number<std::uint32_t>();
  if (reader.ok() && magic == kMagicSwapped) reader.fail("the file is big endian");
  if (reader.ok() && magic != kMagic)
    reader.fail(fmt::format("not a GGUF file: it begins with {:#010x}", magic));
  const auto version = reader.number<std::uint32_t>();
  if (reader.ok() && version != 2 && version != 3)
    reader.fail(fmt::format("GGUF version {} is not supported; 2 and 3 are", version));
  Header header;
  header.tensors = reader.number<std::uint64_t>();
  header.pairs = reader.number<std::uint64_t>();
  if (!reader.ok()) return header;
  const auto bound = [&](std::uint64_t count, std::uint64_t least, std::uint64_t most,
                         const char* what) {
    if (count > file_size / least || count > most)
      reader.fail(fmt::format("the header announces {} {}, a file of {} bytes has at most {}",
                              count, what, file_size, std::min(file_size / least, most)));
  };
  bound(header.tensors, kLeastTensor, kMaxTensors, "tensors");
  bound(header.pairs, kLeastPair, kMaxPairs, "key-value pairs");
  if (reader.ok() && header.tensors == 0) reader.fail("the file has no tensors");
  return header;
}

void read_alignment(Reader& reader, ValueType type, Facts& facts) {
  const auto value = reader.unsigned_value(type);
  if (!reader.ok()) return;
  if (!value || !std::has_single_bit(*value) || *value > kMaxAlignment)
    return reader.fail(
        fmt::format("general.alignment {} is not a power of two up to 2^31", value.value_or(0)));
  facts.alignment = *value;
}

void read_split(Reader& reader, ValueType type) {
  const auto count = reader.unsigned_value(type);
  if (reader.ok() && count.value_or(0) > 1)
    reader.fail(
        fmt::format("the model is split into {} files and this is one of them; "
                    "merge them first",
                    *count));
}

void read_value(Reader& reader, const std::string& key, Facts& facts) {
  const auto type = reader.number<ValueType>();
  if (!reader.ok()) return;
  if (key == "general.architecture") {
    if (type != ValueType::String) return reader.fail("general.architecture is not a string");
    facts.architecture = reader.string(kMaxArchitecture, "general.architecture");
  } else if (key == "general.alignment") {
    read_alignment(reader, type, facts);
  } else if (key == "split.count") {
    read_split(reader, type);
  } else if (key.ends_with(".context_length") && key.find('.') == key.rfind('.')) {
    facts.context_key = key;
    facts.context_length = reader.unsigned_value(type).value_or(0);
  } else if (key.starts_with("tokenizer.chat_template") && type == ValueType::String) {
    reader.string(kMaxTemplate, "the chat template");
  } else {
    reader.skip_value(type, 0);
  }
}

Facts read_facts(Reader& reader, std::uint64_t pairs) {
  Facts facts;
  std::unordered_set<std::string> keys;
  for (std::uint64_t i = 0; i < pairs && reader.ok(); ++i) {
    const std::string key = reader.string(kMaxKey, "a key");
    if (!reader.ok()) break;
    if (key.empty()) reader.fail("a key is empty");
    if (key.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") !=
        std::string::npos)
      reader.fail(fmt::format("key {} has characters that no key has", i));
    if (!keys.insert(key).second) reader.fail(fmt::format("the key {} occurs twice", key));
    if (reader.ok()) read_value(reader, key, facts);
  }
  if (reader.ok() && facts.architecture.empty()) reader.fail("general.architecture is missing");
  if (reader.ok() && !known_architecture(facts.architecture))
    reader.fail(fmt::format("the architecture is not one that llama.cpp serves{}",
                            facts.architecture.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos
                                ? ": " + facts.architecture
                                : std::string()));
  return facts;
}

class File final : public Bytes {
 public:
  explicit File(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status{};
    if (file_ >= 0 && ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode))
      size_ = static_cast<std::uint64_t>(status.st_size);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() override {
    if (file_ >= 0) ::close(file_);
  }
  std::uint64_t size() const override { return size_; }
  bool read_at(std::uint64_t offset, std::span<char> into) const override {
    while (!into.empty()) {
      const ssize_t got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      offset += static_cast<std::uint64_t>(got);
      into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  int file_;
  std::uint64_t size_ = 0;
};

}  // namespace

tl::expected<Summary, Rejection> inspect(const Bytes& bytes) {
  Reader reader(bytes);
  const Header header = read_header(reader, bytes.size());
  const Facts facts = reader.ok() ? read_facts(reader, header.pairs) : Facts{};
  Summary summary;
  if (reader.ok())
    summary.parameters = check_tensors(reader, {header.tensors, facts.alignment, bytes.size()});
  if (!reader.ok()) return tl::unexpected(reader.error());
  summary.architecture = facts.architecture;
  summary.tensors = static_cast<std::int64_t>(header.tensors);
  if (facts.context_key == facts.architecture + ".context_length" &&
      facts.context_length <= (1ULL << 40))
    summary.context_length = static_cast<std::int64_t>(facts.context_length);
  return summary;
}

tl::expected<Summary, Rejection> inspect_file(const std::string& path) {
  return inspect(File(path));
}

}  // namespace slipway::agent::gguf
