//! What is said in the tests, and by whom. Chosen before any of it was heard; nothing was dropped afterwards.

/// Voices that the model never heard in training say what callers say. The constants of `hearing.rs` were chosen while
/// looking at this list.
pub const CALLERS: [(&str, &str); 24] = [
    ("flite:awb", "i'd like to speak to sales please"),
    ("espeak-ng:en-gb", "i'd like to speak to sales please"),
    ("espeak-ng:en-us+linda", "sales please"),
    ("espeak-ng:en-us+m7", "sales"),
    ("flite:awb", "support"),
    ("espeak-ng:en-gb", "technical support please"),
    ("espeak-ng:en-us+linda", "can i speak to someone in support"),
    ("espeak-ng:en-us+klatt5", "support please"),
    ("flite:awb", "yes"),
    ("espeak-ng:en-gb", "yes please"),
    ("espeak-ng:en-us+linda", "no"),
    ("espeak-ng:en-us+m7", "no thank you"),
    ("flite:awb", "one two three"),
    ("espeak-ng:en-gb", "two"),
    ("espeak-ng:en-us+linda", "five five one nine"),
    ("espeak-ng:en-us+m7", "seven"),
    ("flite:awb", "book an appointment please"),
    ("espeak-ng:en-gb", "i would like to make an appointment"),
    ("espeak-ng:en-us+linda", "cancel my appointment"),
    ("espeak-ng:en-us+m7", "what are your opening hours"),
    ("flite:awb", "operator please"),
    ("espeak-ng:en-gb", "billing"),
    ("espeak-ng:en-us+linda", "leave a message"),
    ("espeak-ng:en-us+klatt5", "goodbye"),
];

/// The same, heard once, after everything was chosen.
pub const LATE_CALLERS: [(&str, &str); 20] = [
    ("espeak-ng:en-us", "i need help with my order"),
    ("espeak-ng:en-gb+f5", "sales"),
    ("flite:awb", "technical support"),
    ("espeak-ng:en-us+klatt5", "can i talk to someone in sales"),
    ("espeak-ng:en-us+m7", "put me through to reception please"),
    ("espeak-ng:en-us+linda", "yes"),
    ("espeak-ng:en-gb", "no"),
    ("espeak-ng:en-us", "i have a question about my bill"),
    ("espeak-ng:en-gb+f5", "four"),
    ("flite:awb", "nine eight seven six"),
    ("espeak-ng:en-us+klatt5", "tomorrow afternoon"),
    ("espeak-ng:en-us+m7", "i want to book an appointment"),
    ("espeak-ng:en-us+linda", "speak to an agent"),
    ("espeak-ng:en-gb", "human resources please"),
    ("espeak-ng:en-us", "that is correct"),
    ("espeak-ng:en-gb+f5", "reception please"),
    ("flite:awb", "thank you"),
    ("espeak-ng:en-us+klatt5", "please repeat that"),
    ("espeak-ng:en-us+m7", "hello"),
    ("espeak-ng:en-us+linda", "support"),
];

/// What nobody tells a receptionist.
pub const OUT_OF_DOMAIN: [(&str, &str); 10] = [
    ("flite:slt", "the quick brown fox jumps over the lazy dog"),
    ("flite:rms", "photosynthesis turns sunlight into sugar"),
    ("flite:awb", "my grandmother's cat climbed the old oak tree"),
    ("espeak-ng:en-us", "volcanoes erupt beneath the frozen ocean"),
    ("espeak-ng:en-gb", "a purple elephant dances on the moon"),
    ("espeak-ng:en-us+linda", "bananas are botanically berries"),
    ("flite:slt", "the orchestra rehearsed beethoven's seventh symphony"),
    ("flite:rms", "granite mountains crumble into grey sand"),
    ("espeak-ng:en-us+m7", "he whistled loudly while painting the fence"),
    ("flite:kal16", "bricks and mortar"),
];
