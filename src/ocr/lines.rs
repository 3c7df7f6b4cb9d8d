//! A second opinion on single lines: a small neural network that was trained on print and handwriting of all kinds.
//!
//! Owns: the model, its input and its answer as words. Must not touch: pages, what the words mean.
//! Called by: the Tesseract engine, when it is asked to read a place in another manner.
//!
//! The model is PP-OCRv6's small recogniser with the characters of American papers alone; `scripts/make-line-model.py` makes it.

use super::prepare;
use crate::domain::{BBox, Gray, Word};
use crate::ports::OcrError;
use rten::ctc::CtcDecoder;
use rten::{Model, ModelOptions, RunOptions, ThreadPool, op_registry};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::{Arc, OnceLock};

static MODEL: &[u8] = include_bytes!("line_model/lines.onnx");
/// The characters of the model's classes, from class 1 on; class 0 is "nothing here".
const CHARACTERS: &str = include_str!("line_model/characters.txt");

/// Pixels: what the model was trained with.
const HEIGHT: u32 = 48;
/// Pixels: a stretch as long as the widest page's line; longer ones are squeezed.
const WIDEST: u32 = 2_400;
const NARROWEST: u32 = 48;
/// The model's scores say how it compares its characters, not that ink is text at all: no single opinion is surer than this. Of 170 registration
/// numbers in three sets of scans that it was surest of, it read 167 right.
const SUREST: f32 = 0.97;
/// Signs that papers have hardly ever, and that digits are taken for.
const DOUBTED: &str = "°§|";

pub struct LineReader {
    model: Model,
    characters: Vec<char>,
    /// The threads of the program share out the pages; within a line there is nothing to share.
    alone: Arc<ThreadPool>,
}

impl LineReader {
    /// The one reader of this process: it is used from all threads.
    pub fn shared() -> Result<&'static Self, OcrError> {
        static READER: OnceLock<Result<LineReader, String>> = OnceLock::new();
        let failed = |why: &String| OcrError::Failed(format!("the model that reads lines does not load: {why}; report this as a defect"));
        READER.get_or_init(Self::load).as_ref().map_err(failed)
    }

    fn load() -> Result<Self, String> {
        // The operators that the model is made of, so that the others stay out of the program.
        let operators = op_registry!(
            Add,
            AveragePool,
            BatchNormalization,
            Cast,
            Concat,
            Conv,
            Div,
            Erf,
            HardSigmoid,
            Identity,
            MatMul,
            MaxPool,
            Mul,
            Pow,
            ReduceMean,
            Relu,
            Reshape,
            Shape,
            Sigmoid,
            Slice,
            Softmax,
            Sqrt,
            Squeeze,
            Sub,
            Transpose,
            Unsqueeze
        );
        let model = ModelOptions::with_ops(operators).load_static_slice(MODEL).map_err(|error| error.to_string())?;
        let reader = Self { model, characters: CHARACTERS.chars().collect(), alone: Arc::new(ThreadPool::with_num_threads(1)) };
        // Model and list must belong together: a class of no character would be a character lost.
        let classes = reader.scores(&Gray { width: HEIGHT, height: HEIGHT, pixels: vec![255; (HEIGHT * HEIGHT) as usize] })?.size(2);
        match classes == reader.characters.len() + 1 {
            true => Ok(reader),
            false => Err(format!("it has {classes} classes for {} characters", reader.characters.len())),
        }
    }

    /// The words of a picture of one line, boxes in its pixels. An answer that is no text at all has no words.
    pub fn read(&self, line: &Gray) -> Result<Vec<Word>, OcrError> {
        // On white paper the model sees words that are not there.
        if line.height == 0 || line.pixels.iter().all(|p| *p >= prepare::INK) {
            return Ok(Vec::new());
        }
        let wide = ((line.width as f32 * HEIGHT as f32 / line.height as f32).round() as u32).clamp(1, WIDEST);
        let input = prepare::resized(line, wide, HEIGHT);
        let scores = self.scores(&input).map_err(|error| OcrError::Failed(format!("a line could not be read: {error}")))?;
        Ok(self.words(scores, line, line.width as f32 * wide.max(NARROWEST) as f32 / wide as f32))
    }

    /// 1 x steps x classes, the probability of each class at each step from left to right. A short line gets white paper behind it.
    fn scores(&self, input: &Gray) -> Result<NdTensor<f32, 3>, String> {
        let mut tensor = NdTensor::<f32, 4>::full([1, 3, HEIGHT as usize, input.width.max(NARROWEST) as usize], 1.0);
        for channel in 0..3 {
            for y in 0..HEIGHT.min(input.height) {
                for x in 0..input.width {
                    tensor[[0, channel, y as usize, x as usize]] = f32::from(input.at(x, y)) / 127.5 - 1.0;
                }
            }
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.alone)));
        let answer = self.model.run_one(tensor.view().into(), Some(options)).map_err(|e| e.to_string())?;
        answer.try_into().map_err(|_| "the model answers in another shape".to_owned())
    }

    /// `width`: of all steps together, in pixels of the line.
    fn words(&self, scores: NdTensor<f32, 3>, line: &Gray, width: f32) -> Vec<Word> {
        let steps = scores.size(1).max(1) as f32;
        let scores = scores.slice(0);
        let mut words: Vec<Word> = vec![];
        // The step at which the word goes on.
        let mut open: Option<usize> = None;
        for step in CtcDecoder::new().decode_greedy(scores.view()).steps() {
            let (class, at) = (step.label as usize, step.pos as usize);
            let Some(&character) = self.characters.get(class.wrapping_sub(1)) else { continue };
            let character = plain(character);
            let sure = scores[[at, class]] * if DOUBTED.contains(character) { 0.5 } else { 1.0 };
            if character.is_whitespace() {
                open = None;
                continue;
            }
            let x = |at: f32| (at / steps * width).clamp(0.0, line.width as f32);
            let (left, right) = (x(at as f32 - 0.5), x(at as f32 + 1.5));
            match (words.last_mut(), open) {
                (Some(word), Some(before)) => {
                    word.text.push(character);
                    word.bbox.right = right;
                    // All of its characters must be right, and none may be missing between them.
                    let nothing = (before + 1..at).map(|step| (0..scores.size(1)).map(|c| scores[[step, c]]).fold(0.0, f32::max));
                    word.confidence *= sure * nothing.fold(1.0, f32::min);
                }
                _ => {
                    let bbox = BBox::new(left, 0.0, right, line.height as f32);
                    words.push(Word { text: character.into(), bbox, confidence: sure, line: 0 });
                }
            }
            open = Some(at);
        }
        for word in &mut words {
            word.confidence = word.confidence.min(SUREST);
            (word.bbox.top, word.bbox.bottom) = inked_rows(line, word.bbox);
        }
        words
    }
}

/// The signs that registration numbers are written with.
fn plain(character: char) -> char {
    match character {
        '–' | '—' => '-',
        '’' => '\'',
        other => other,
    }
}

/// From the first to the last row with ink between the sides of a box; all rows where there is none.
fn inked_rows(line: &Gray, b: BBox) -> (f32, f32) {
    let columns = b.left as u32..(b.right.ceil() as u32).min(line.width);
    let inked = |y: &u32| columns.clone().any(|x| line.at(x, *y) < prepare::INK);
    match ((0..line.height).find(inked), (0..line.height).rev().find(inked)) {
        (Some(top), Some(bottom)) => (top as f32, bottom as f32 + 1.0),
        _ => (b.top, b.bottom),
    }
}
