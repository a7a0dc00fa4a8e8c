#include "runtime-images/agent/model/gguf.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>

namespace slipway::agent::gguf {
namespace {

class Memory final : public Bytes {
 public:
  explicit Memory(std::string content) : content_(std::move(content)) {}
  std::uint64_t size() const override { return content_.size(); }
  bool read_at(std::uint64_t offset, std::span<char> into) const override {
    std::memcpy(into.data(), content_.data() + offset, into.size());
    return true;
  }

 private:
  std::string content_;
};

constexpr std::uint32_t kU32 = 4, kString = 8, kArray = 9, kU64 = 10;
constexpr std::uint64_t kHuge = 1ULL << 63;

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> dims;
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
};

// Writes a file as the format says; what a test wants wrong it overrides.
struct Builder {
  std::uint32_t magic = 0x46554747, version = 3;
  std::optional<std::uint64_t> tensor_count, pair_count;
  std::vector<std::string> pairs;
  std::vector<Tensor> tensors{{"token_embd.weight", {8, 4}, 0, 0}, {"output.weight", {8}, 0, 128}};
  std::size_t alignment = 32, data = 160;

  Builder() {
    pairs = {text("general.architecture", "llama"),
             number("llama.context_length", kU32, std::uint32_t{512})};
  }
  template <class T>
  static std::string raw(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  static std::string string(std::string_view value) {
    return raw(std::uint64_t{value.size()}) + std::string(value);
  }
  static std::string text(std::string_view key, std::string_view value) {
    return string(key) + raw(kString) + string(value);
  }
  template <class T>
  static std::string number(std::string_view key, std::uint32_t type, T value) {
    return string(key) + raw(type) + raw(value);
  }
  static std::string array(std::string_view key, std::uint32_t type, std::uint64_t count,
                           std::string_view elements) {
    return string(key) + raw(kArray) + raw(type) + raw(count) + std::string(elements);
  }
  std::string build() const {
    std::string out = raw(magic) + raw(version) + raw(tensor_count.value_or(tensors.size())) +
                      raw(pair_count.value_or(pairs.size()));
    for (const std::string& pair : pairs) out += pair;
    for (const Tensor& tensor : tensors) {
      out += string(tensor.name) + raw(static_cast<std::uint32_t>(tensor.dims.size()));
      for (const std::uint64_t dim : tensor.dims) out += raw(dim);
      out += raw(tensor.type) + raw(tensor.offset);
    }
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + std::string(data, 'w');
  }
};

std::string refusal(const std::string& content) {
  const auto summary = inspect(Memory(content));
  return summary ? "accepted" : summary.error();
}

TEST(Gguf, ReadsWhatAWellFormedFileSays) {
  const auto summary = inspect(Memory(Builder().build()));
  ASSERT_TRUE(summary) << summary.error();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->context_length, 512);
  EXPECT_EQ(summary->parameters, 40);
  EXPECT_EQ(summary->tensors, 2);
}

TEST(Gguf, AcceptsTheTinyModel) {
  const auto summary = inspect_file("runtime-images/model/tiny.gguf");
  ASSERT_TRUE(summary) << summary.error();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->context_length, 512);
  EXPECT_EQ(summary->parameters, 721'792);
}

// Whatever byte the file ends at, it is refused.
TEST(Gguf, RefusesEveryTruncation) {
  const std::string whole = Builder().build();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
}

// Whatever number of the header becomes 2^63 or 2^64-1, nothing is allocated or read for it.
TEST(Gguf, SurvivesHugeNumbersAtEveryByte) {
  const std::string whole = Builder().build();
  for (const std::uint64_t huge : {kHuge, ~std::uint64_t{0}, kHuge - 1}) {
    for (std::size_t at = 0; at + 8 <= whole.size() - 160; ++at) {
      std::string broken = whole;
      std::memcpy(broken.data() + at, &huge, 8);
      (void)inspect(Memory(std::move(broken)));
    }
  }
}

struct Case {
  const char* name;
  std::function<void(Builder&)> change;
  const char* says;  // part of the refusal
};

class GgufRefuses : public testing::TestWithParam<Case> {};

TEST_P(GgufRefuses, WithTheReason) {
  Builder builder;
  GetParam().change(builder);
  const std::string content = builder.build();
  const auto begin = std::chrono::steady_clock::now();
  const std::string why = refusal(content);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_NE(why.find(GetParam().says), std::string::npos) << why;
  EXPECT_LT(took, std::chrono::milliseconds(50));
}

Builder& with_pair(Builder& builder, std::string pair) {
  builder.pairs.push_back(std::move(pair));
  return builder;
}

std::string nested(int depth) {
  std::string value = Builder::raw(std::uint32_t{0}) + Builder::raw(std::uint64_t{0});
  for (int i = 1; i < depth; ++i)
    value = Builder::raw(kArray) + Builder::raw(std::uint64_t{1}) + value;
  return Builder::string("deep") + Builder::raw(kArray) + value;
}

using B = Builder;
INSTANTIATE_TEST_SUITE_P(
    Corpus, GgufRefuses,
    testing::ValuesIn<Case>({
        {"Magic", [](B& b) { b.magic = 1; }, "not a GGUF file"},
        {"BigEndian", [](B& b) { b.magic = 0x47475546; }, "big endian"},
        {"VersionOne", [](B& b) { b.version = 1; }, "version 1"},
        {"HugeTensorCount", [](B& b) { b.tensor_count = kHuge; }, "9223372036854775808 tensors"},
        {"HugePairCount", [](B& b) { b.pair_count = kHuge; }, "9223372036854775808 key-value"},
        {"NoTensors", [](B& b) { b.tensors.clear(); }, "no tensors"},
        {"HugeKey", [](B& b) { with_pair(b, B::raw(kHuge)); }, "does not fit"},
        {"LongKey", [](B& b) { with_pair(b, B::number(std::string(300, 'k'), kU32, 1)); }, "limit"},
        {"EmptyKey", [](B& b) { with_pair(b, B::number("", kU32, 1)); }, "empty"},
        {"OddKey", [](B& b) { with_pair(b, B::number("a\nb", kU32, 1)); }, "characters"},
        {"SameKeyTwice", [](B& b) { with_pair(b, b.pairs.front()); }, "twice"},
        {"HugeString", [](B& b) { with_pair(b, B::string("k") + B::raw(kString) + B::raw(kHuge)); },
         "do not fit"},
        {"HugeArray", [](B& b) { with_pair(b, B::array("k", kU32, kHuge, "")); }, "does not fit"},
        {"HugeStringArray", [](B& b) { with_pair(b, B::array("k", kString, kHuge, "")); },
         "does not fit"},
        {"ArrayOverflow", [](B& b) { with_pair(b, B::array("k", kU64, kHuge / 4, "")); },
         "does not fit"},
        {"DeepArrays", [](B& b) { with_pair(b, nested(3)); }, "nested deeper"},
        {"UnknownValueType", [](B& b) { with_pair(b, B::number("k", 13, 1)); }, "unknown type 13"},
        {"UnknownElementType", [](B& b) { with_pair(b, B::array("k", 99, 1, "x")); },
         "unknown type 99"},
        {"NoArchitecture", [](B& b) { b.pairs.erase(b.pairs.begin()); }, "is missing"},
        {"UnknownArchitecture", [](B& b) { b.pairs[0] = B::text("general.architecture", "evil"); },
         "evil"},
        {"ArchitectureIsANumber",
         [](B& b) { b.pairs[0] = B::number("general.architecture", kU32, 7); }, "not a string"},
        {"OddAlignment", [](B& b) { with_pair(b, B::number("general.alignment", kU32, 33)); },
         "power of two"},
        {"ZeroAlignment", [](B& b) { with_pair(b, B::number("general.alignment", kU32, 0)); },
         "power of two"},
        {"HugeAlignment", [](B& b) { with_pair(b, B::number("general.alignment", kU64, kHuge)); },
         "power of two"},
        {"OneOfMany", [](B& b) { with_pair(b, B::number("split.count", kU32, 3)); }, "3 files"},
        {"LongTemplate",
         [](B& b) { with_pair(b, B::text("tokenizer.chat_template", std::string(70'000, 'x'))); },
         "limit is 65536"},
        {"LongTensorName", [](B& b) { b.tensors[0].name = std::string(64, 't'); }, "limit is 63"},
        {"SameTensorTwice", [](B& b) { b.tensors[1].name = b.tensors[0].name; }, "are named"},
        {"NoDimensions", [](B& b) { b.tensors[0].dims.clear(); }, "0 dimensions"},
        {"FiveDimensions", [](B& b) { b.tensors[0].dims = {1, 1, 1, 1, 1}; }, "5 dimensions"},
        {"ZeroDimension", [](B& b) { b.tensors[0].dims = {8, 0}; }, "dimension of 0"},
        {"DimensionOverflow", [](B& b) { b.tensors[0].dims = {1ULL << 32, 1ULL << 32}; },
         "overflow"},
        {"SizeOverflow", [](B& b) { b.tensors[0].dims = {(1ULL << 62) + 8}; }, "overflow"},
        {"UnknownTensorType", [](B& b) { b.tensors[0].type = 4; }, "unknown type 4"},
        {"PartialBlock", [](B& b) { b.tensors[0].type = 12; }, "not a multiple of 256"},
        {"UnalignedOffset", [](B& b) { b.tensors[1].offset = 130; }, "not a multiple of 32"},
        {"OffsetBeyondTheFile", [](B& b) { b.tensors[1].offset = 4096; }, "truncated"},
        {"HugeOffset", [](B& b) { b.tensors[1].offset = kHuge; }, "beyond any file"},
        {"Overlap", [](B& b) { b.tensors[1].offset = 96; }, "overlap"},
        {"SamePlace", [](B& b) { b.tensors[1].offset = 0; }, "overlap"},
        {"MissingData", [](B& b) { b.data = 100; }, "truncated"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// A sparse file can promise much with few bytes of disk; the gate must not walk all of it.
TEST(Gguf, GivesUpOnAnEndlessHeaderInTime) {
  Builder builder;
  builder.pairs.push_back(Builder::array("tokens", kString, 8ULL << 20, ""));
  builder.pair_count = builder.pairs.size();
  builder.tensors.clear();
  builder.tensor_count = 1;
  builder.data = 80 << 20;
  std::string content = builder.build();
  std::fill(content.end() - (80 << 20), content.end(), '\0');
  EXPECT_NE(refusal(content), "accepted");
}

}  // namespace
}  // namespace slipway::agent::gguf
