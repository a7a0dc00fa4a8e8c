#include "crds/types/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

// The grammar and the canonical form are those of k8s.io/apimachinery/pkg/api/resource.
namespace slipway {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr Wide kNano = 1000000000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

enum class Style { Binary, Decimal, Exponent };

struct Quantity {
  Wide nanos = 0;  // at most kMax whole units
  Style style = Style::Decimal;
};

struct Unit {
  std::string_view suffix;
  Style style;
  int exponent;  // of 2 or of 10
};

constexpr std::array<Unit, 16> kUnits{{{"Ki", Style::Binary, 10},
                                       {"Mi", Style::Binary, 20},
                                       {"Gi", Style::Binary, 30},
                                       {"Ti", Style::Binary, 40},
                                       {"Pi", Style::Binary, 50},
                                       {"Ei", Style::Binary, 60},
                                       {"n", Style::Decimal, -9},
                                       {"u", Style::Decimal, -6},
                                       {"m", Style::Decimal, -3},
                                       {"", Style::Decimal, 0},
                                       {"k", Style::Decimal, 3},
                                       {"M", Style::Decimal, 6},
                                       {"G", Style::Decimal, 9},
                                       {"T", Style::Decimal, 12},
                                       {"P", Style::Decimal, 15},
                                       {"E", Style::Decimal, 18}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

// What follows the number: one of the units, or e and a power of ten.
std::optional<Unit> parse_suffix(std::string_view suffix) {
  for (const Unit& unit : kUnits) {
    if (unit.suffix == suffix) return unit;
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  const bool negative = suffix[0] == '-';
  if (suffix[0] == '-' || suffix[0] == '+') suffix.remove_prefix(1);
  const std::string_view digits = take_digits(suffix);
  if (digits.empty() || !suffix.empty()) return std::nullopt;
  int exponent = 0;
  for (char digit : digits) exponent = exponent > 1000 ? exponent : exponent * 10 + (digit - '0');
  return Unit{"", Style::Exponent, negative ? -exponent : exponent};
}

constexpr Wide kLimit = static_cast<Wide>(kMax) * kNano;

// whole.fraction times 2^exponent, in nanos, rounded up; nullopt: more than kMax. The fraction is
// taken from its last digit to its first: each step divides all that came before by ten, so nothing
// is lost but whether there was a rest.
std::optional<Wide> scale_binary(std::string_view whole, std::string_view fraction, int exponent) {
  Wide units = 0;
  for (const char c : whole) {
    units = units * 10 + static_cast<unsigned>(c - '0');
    if (units > static_cast<Wide>(kMax) >> exponent) return std::nullopt;
  }
  const Wide one = kNano << exponent;
  Wide part = 0;
  bool rest = false;
  for (std::size_t i = fraction.size(); i > 0; --i) {
    part += one * static_cast<unsigned>(fraction[i - 1] - '0');
    rest = rest || part % 10 != 0;
    part /= 10;
  }
  const Wide value = (units << exponent) * kNano + part + (rest ? 1 : 0);
  return value > kLimit ? std::nullopt : std::optional(value);
}

// The same times 10^exponent. The digits are one number scaled by a power of ten.
std::optional<Wide> scale_decimal(std::string_view whole, std::string_view fraction, int exponent) {
  const auto size = static_cast<std::int64_t>(whole.size() + fraction.size());
  // Ten to this power makes the digits nanos.
  std::int64_t power = exponent + 9 + static_cast<std::int64_t>(whole.size());
  // Digits that are below a nano only decide about rounding up.
  const std::int64_t kept = std::min(size, std::max<std::int64_t>(power, 0));
  power -= kept;
  Wide value = 0;
  bool rest = false;
  for (std::int64_t i = 0; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const char c = at < whole.size() ? whole[at] : fraction[at - whole.size()];
    if (i >= kept) {
      rest = rest || c != '0';
    } else if (value > kLimit) {
      return std::nullopt;
    } else {
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
  }
  for (; power > 0 && value != 0; --power) {
    if (value > kLimit) return std::nullopt;
    value *= 10;
  }
  if (rest) ++value;
  return value > kLimit ? std::nullopt : std::optional(value);
}

Result<Quantity> parse(std::string_view text) {
  const auto bad = [&] {
    return fail(Fault::Invalid, fmt::format("\"{}\" is not a quantity, as 18Gi or 500m", text));
  };
  if (text.size() > 64) return bad();
  std::string_view left = text;
  const bool negative = !left.empty() && left[0] == '-';
  if (!left.empty() && (left[0] == '-' || left[0] == '+')) left.remove_prefix(1);
  std::string_view whole = take_digits(left);
  std::string_view fraction;
  if (!left.empty() && left[0] == '.') {
    left.remove_prefix(1);
    fraction = take_digits(left);
  }
  const auto unit = parse_suffix(left);
  if ((whole.empty() && fraction.empty()) || !unit) return bad();
  while (!whole.empty() && whole.front() == '0') whole.remove_prefix(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);

  const auto nanos = unit->style == Style::Binary ? scale_binary(whole, fraction, unit->exponent)
                                                  : scale_decimal(whole, fraction, unit->exponent);
  if (!nanos) return fail(Fault::Invalid, fmt::format("\"{}\" is larger than 2^63 - 1", text));
  if (negative && *nanos != 0) {
    return fail(Fault::Invalid, fmt::format("\"{}\" is negative", text));
  }
  return Quantity{*nanos, unit->style};
}

Result<std::int64_t> in_units_of(std::string_view text, Wide nanos_per_unit) {
  const auto quantity = parse(text);
  if (!quantity) return tl::unexpected<Error>(quantity.error());
  const Wide units = (quantity->nanos + nanos_per_unit - 1) / nanos_per_unit;
  if (units > static_cast<Wide>(kMax)) {
    return fail(Fault::Invalid, fmt::format("\"{}\" is too large", text));
  }
  return static_cast<std::int64_t>(units);
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  return in_units_of(text, kNano);
}

Result<std::int64_t> parse_milli(std::string_view text) {
  return in_units_of(text, kNano / 1000);
}

Result<std::string> canonical_quantity(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  Wide value = parsed->nanos;
  if (value == 0) return std::string("0");
  if (parsed->style == Style::Binary && value >= 1024 * kNano) {
    auto units = static_cast<std::uint64_t>((value + kNano - 1) / kNano);
    std::size_t step = 0;  // 0: no suffix, then kUnits[step - 1]
    while (step < 6 && units % 1024 == 0) units /= 1024, ++step;
    if (step > 0) return fmt::format("{}{}", units, kUnits[step - 1].suffix);
    // Stored without a unit, so it is a decimal one when it is read again.
    value = static_cast<Wide>(units) * kNano;
  }
  int exponent = -9;
  while (exponent < 18 && value % 1000 == 0) value /= 1000, exponent += 3;
  if (parsed->style == Style::Exponent) {
    return exponent == 0 ? fmt::format("{}", value) : fmt::format("{}e{}", value, exponent);
  }
  return fmt::format("{}{}", value, kUnits[6 + static_cast<std::size_t>(exponent + 9) / 3].suffix);
}

std::string describe_bytes(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<const char*, 6> kNames{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t step = 0;
  while (value >= 1023.95 && step + 1 < kNames.size()) value /= 1024, ++step;
  return value < 9.95 ? fmt::format("{:.1f} {}", value, kNames[step])
                      : fmt::format("{:.0f} {}", value, kNames[step]);
}

}  // namespace slipway
