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
/// The model's scores say how it compares its characters, not that ink is text at all: no single opinion is surer than this. Of the values of the
/// sample corpus that it was surest of, it read 95 to 98 of 100 right (docs/reading.md).
const SUREST: f32 = 0.97;

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
        Ok(Self { model, characters: CHARACTERS.chars().collect(), alone: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    /// The words of a picture of one line, boxes in its pixels. An answer that is no text at all has no words.
    pub fn read(&self, line: &Gray) -> Result<Vec<Word>, OcrError> {
        if line.width == 0 || line.height == 0 {
            return Ok(Vec::new());
        }
        let width = (line.width as f32 * HEIGHT as f32 / line.height as f32).round() as u32;
        let input = prepare::resized(line, width.clamp(NARROWEST, WIDEST), HEIGHT);
        let failed = |error: String| OcrError::Failed(format!("a line could not be read: {error}"));
        let mut tensor = NdTensor::<f32, 4>::zeros([1, 3, HEIGHT as usize, input.width as usize]);
        for channel in 0..3 {
            for y in 0..HEIGHT {
                for x in 0..input.width {
                    tensor[[0, channel, y as usize, x as usize]] = f32::from(input.at(x, y)) / 127.5 - 1.0;
                }
            }
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.alone)));
        let answer = self.model.run_one(tensor.view().into(), Some(options)).map_err(|e| failed(e.to_string()))?;
        let scores: NdTensor<f32, 3> = answer.try_into().map_err(|_| failed("the model answers in another shape".to_owned()))?;
        Ok(self.words(scores, line))
    }

    /// `scores`: 1 x steps x classes, the probability of each class at each step from left to right.
    fn words(&self, scores: NdTensor<f32, 3>, line: &Gray) -> Vec<Word> {
        let steps = scores.size(1).max(1) as f32;
        let scores = scores.slice(0);
        let mut words: Vec<Word> = vec![];
        let mut open = false;
        for step in CtcDecoder::new().decode_greedy(scores.view()).steps() {
            let (class, at) = (step.label as usize, step.pos as usize);
            let Some(&character) = self.characters.get(class.wrapping_sub(1)) else { continue };
            let sure = scores[[at, class]];
            if character.is_whitespace() {
                open = false;
                continue;
            }
            let x = |at: f32| (at / steps * line.width as f32).clamp(0.0, line.width as f32);
            let (left, right) = (x(at as f32 - 0.5), x(at as f32 + 1.5));
            match words.last_mut().filter(|_| open) {
                Some(word) => {
                    word.text.push(character);
                    word.bbox.right = right;
                    // All of its characters must be right.
                    word.confidence *= sure;
                }
                None => {
                    let bbox = BBox::new(left, 0.0, right, line.height as f32);
                    words.push(Word { text: character.into(), bbox, confidence: sure, line: 0 });
                    open = true;
                }
            }
        }
        for word in &mut words {
            word.confidence = word.confidence.min(SUREST);
            (word.bbox.top, word.bbox.bottom) = inked_rows(line, word.bbox);
        }
        words
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
