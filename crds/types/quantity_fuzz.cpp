// Texts as quantities, against exact arithmetic on decimal digits that shares nothing with the
// parser: what is one, its value in both units, its canonical form.
#include "crds/types/quantity.hpp"

#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <regex>

#include "crds/base/check.hpp"

namespace slipway {
namespace {

__extension__ using Wide = unsigned __int128;

// A number of zero or more: digits, of which the last `scale` stand behind the point.
struct Decimal {
  std::string digits;
  std::size_t scale = 0;
};

void shift(Decimal& number, int places) {
  if (places < 0) {
    number.scale += static_cast<std::size_t>(-places);
    return;
  }
  const auto wanted = static_cast<std::size_t>(places);
  const std::size_t taken = std::min(number.scale, wanted);
  number.scale -= taken;
  number.digits.append(wanted - taken, '0');
}

void twice(Decimal& number) {
  int carry = 0;
  for (auto digit = number.digits.rbegin(); digit != number.digits.rend(); ++digit) {
    const int value = (*digit - '0') * 2 + carry;
    *digit = static_cast<char>('0' + value % 10);
    carry = value / 10;
  }
  if (carry > 0) number.digits.insert(0, "1");
}

// The whole number at or above; nullopt: more than 2^63 - 1.
std::optional<std::int64_t> rounded_up(const Decimal& number) {
  const std::size_t whole = number.digits.size() - std::min(number.scale, number.digits.size());
  const bool rest = number.digits.find_first_not_of('0', whole) != std::string::npos;
  constexpr auto kMost = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
  Wide value = 0;
  for (const char digit : number.digits.substr(0, whole)) {
    value = value * 10 + static_cast<unsigned>(digit - '0');
    if (value > kMost) return std::nullopt;
  }
  value += rest ? 1 : 0;
  if (value > kMost) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

struct Reading {
  Decimal number;
  bool negative = false;
  bool binary = false;
};

// The grammar of k8s.io/apimachinery/pkg/api/resource.
std::optional<Reading> read(const std::string& text) {
  static const std::regex kGrammar(
      "([+-]?)([0-9]*)(?:\\.([0-9]*))?(?:([KMGTPE])i|([numkMGTPE])|[eE]([+-]?[0-9]+))?");
  static const std::map<std::string, int> kBinary{{"K", 10}, {"M", 20}, {"G", 30},
                                                  {"T", 40}, {"P", 50}, {"E", 60}};
  static const std::map<std::string, int> kDecimal{{"n", -9}, {"u", -6}, {"m", -3},
                                                   {"k", 3},  {"M", 6},  {"G", 9},
                                                   {"T", 12}, {"P", 15}, {"E", 18}};
  std::smatch part;
  if (text.size() > 64 || !std::regex_match(text, part, kGrammar)) return std::nullopt;
  Reading reading{{part[2].str() + part[3].str(), part[3].str().size()}, part[1] == "-", false};
  if (reading.number.digits.empty()) return std::nullopt;
  if (part[4].matched) {
    reading.binary = true;
    for (int i = kBinary.at(part[4]); i > 0; --i) twice(reading.number);
  } else if (part[5].matched) {
    shift(reading.number, kDecimal.at(part[5]));
  } else if (part[6].matched) {
    // Beyond this every number of 64 characters is zero, or too large, or rounds up to one nano.
    const std::string exponent = part[6];
    const bool down = exponent.front() == '-';
    const auto first = std::min(exponent.find_first_of("123456789"), exponent.size());
    const bool huge = exponent.size() - first > 3;
    shift(reading.number, huge ? (down ? -1000 : 1000) : std::stoi(exponent));
  }
  return reading;
}

bool is_zero(const Decimal& number) {
  return number.digits.find_first_not_of('0') == std::string::npos;
}

void expect_value(const std::string& text, const Result<std::int64_t>& got,
                  const std::optional<Reading>& reading, int power) {
  std::optional<std::int64_t> expected;
  if (reading && (!reading->negative || is_zero(reading->number))) {
    Decimal number = reading->number;
    expected = rounded_up(number);  // a milli-value is refused too when its units do not fit
    shift(number, power);
    if (expected) expected = rounded_up(number);
  }
  if (got.has_value() == expected.has_value() && (!expected || *got == *expected)) return;
  std::fprintf(stderr, "\"%s\" times 10^%d: got %s, expected %s\n", text.c_str(), power,
               got ? std::to_string(*got).c_str() : got.error().what.c_str(),
               expected ? std::to_string(*expected).c_str() : "a refusal");
  SLIPWAY_CHECK(false, "a quantity has its exact value, rounded up");
}

void expect_canonical(const std::string& text, bool binary) {
  const auto canonical = canonical_quantity(text);
  const auto bytes = parse_bytes(text);
  SLIPWAY_CHECK(canonical.has_value() == bytes.has_value(), "what has a value has a form");
  if (!canonical) return;
  SLIPWAY_CHECK(canonical->size() <= 40, "the canonical form is short");
  SLIPWAY_CHECK(canonical_quantity(*canonical) == *canonical, "the canonical form is its own");
  SLIPWAY_CHECK(parse_bytes(*canonical) == *bytes, "the canonical form has the same value");
  // Binary forms are in whole units, so thousandths are lost there: as in Kubernetes.
  const auto milli = parse_milli(text);
  if (!binary && milli)
    SLIPWAY_CHECK(parse_milli(*canonical) == *milli, "the canonical form has the same thousandths");
  SLIPWAY_CHECK(describe_bytes(*bytes).size() <= 8, "a size for people is short");
  SLIPWAY_CHECK(mib_granted(*bytes) <= mib_needed(*bytes), "what is needed is not less");
}

}  // namespace
}  // namespace slipway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto reading = read(text);
  expect_value(text, parse_bytes(text), reading, 0);
  expect_value(text, parse_milli(text), reading, 3);
  expect_canonical(text, reading && reading->binary);
  return 0;
}
