// What an ASCII list does not say of itself: the algorithm of its digests and the byte order of what was hashed.
#pragma once

#include "formats/ima/survey.hpp"

namespace mrtool::ima {

// `named` decides where the lines do not. State `none`: the first line is not one of a list.
Survey survey_lines(HashEngine& engine, ByteView bytes, HashAlgorithm named);

}  // namespace mrtool::ima
