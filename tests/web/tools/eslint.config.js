import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['**/vendor/**'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 250],
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Text is only ever text nodes.' },
        { property: 'outerHTML', message: 'Text is only ever text nodes.' },
        { property: 'insertAdjacentHTML', message: 'Text is only ever text nodes.' },
      ],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
];
